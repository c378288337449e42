import { expect, it } from "vitest";
import { getModel, modelNames } from "../../../src/models/registry.ts";
import { vae } from "../../support/cli.ts";

it("vae models lists every variant with its number of parameters, its loss terms and its paper", async () => {
  const { code, stdout, stderr } = await vae(["models"]);
  expect([code, stderr]).toEqual([0, ""]);
  const lines = stdout.trimEnd().split("\n").slice(1);
  expect(lines.map((line) => line.split(" ")[0])).toEqual(modelNames());
  for (const [i, name] of modelNames().entries()) {
    const { paper, params } = getModel(name)!;
    expect(lines[i]).toMatch(new RegExp(` ${Object.keys(params.properties).length} `));
    expect(lines[i]).toContain(paper.url);
  }
  expect(lines.find((line) => line.startsWith("IWAE"))).toMatch(/ bound /);
});

it("vae models NAME shows each parameter with type, default and meaning, and the weights of both conventions", async () => {
  const { code, stdout, stderr } = await vae(["models", "BetaVAE"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("https://openreview.net/forum?id=Sy2fzU9gl");
  for (const key of Object.keys(getModel("BetaVAE")!.params.properties))
    expect(stdout).toMatch(new RegExp(`^${key} `, "m"));
  expect(stdout).toMatch(/^beta +a number ≥ 0 +4 +Weight of the KL \(loss_type H\)\.$/m);
  expect(stdout).toMatch(/^loss_type +one of H, B +"H" /m);
  expect(stdout).toMatch(
    /^capacity_max_iter +an integer ≥ 1 +100000 .*PyTorch-VAE's name: Capacity_max_iter\.$/m,
  );
  expect(stdout).toMatch(/^elbo +kl +4 /m);
  expect(stdout).toMatch(/^pixel_mean +kl +4 kld_weight /m);
  expect(stdout).toMatch(/^elbo, loss_type: B +capacity +1000 /m);
  expect(stdout).toMatch(/^pixel_mean, loss_type: B +capacity +1000 kld_weight /m);
});

it.each(modelNames())("vae models %s tells its terms", async (name) => {
  const { code, stdout } = await vae(["models", name]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^elbo +\w+ +[\d.]+ .*\w$/m);
});

it("an unknown variant is named with the nearest, exit code 2", async () => {
  const { code, stderr } = await vae(["models", "BetVAE"]);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/expected one of .*, got "BetVAE"\. Did you mean "BetaVAE"\?/),
  ]);
});
