import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runTable } from "../../../src/cli/commands/runs.ts";
import { summarize } from "../../../src/experiment/runs/summary.ts";
import { folder } from "../../support/configs.ts";

const CSV = `step,epoch,train/total,val/total,val/features,val/kl,val/elbo,val/psnr,val/active_units,val/features_relu1_1
10,1,5,4.5,3,20,100,18,3,1
20,2,4,4.0,4,10,300,21,7,2
30,3,3,4.2,5,30,200,20,9,3
`;

function run(model: string): string {
  const dir = folder({ "metrics.csv": CSV });
  writeFileSync(
    join(dir, "config.yaml"),
    `model_params: {name: ${model}, alpha: 0.5, beta: 0.5}\ndata_params: {name: shapes3d}\nexp_params: {reconstruction: elbo}\n`,
  );
  mkdirSync(join(dir, "checkpoints"));
  return dir;
}

it("the best of a figure is the highest or the lowest, as is better; what has no better has a last value alone", () => {
  const found = summarize(run("DFCVAE"));
  expect(found.best).toEqual({ total: 4.0, features: 3, elbo: 300, psnr: 21, active_units: 9 });
  expect(found.last).toMatchObject({ total: 4.2, kl: 30, psnr: 20, features_relu1_1: 3 });
});

it("a model that is not known here has the best of what every model has", () => {
  expect(summarize(run("OfAPlugin")).best).toEqual({ total: 4.0, elbo: 300, psnr: 21, active_units: 9 });
});

it("the table shows them with units and directions, and terms that all runs have", async () => {
  const [header, row, , says] = (await runTable([summarize(run("DFCVAE"))])).split("\n");
  expect(header).toMatch(/step +features +total +elbo +kl +active_units +psnr$/);
  expect(row).toMatch(/30 +3 +4 +300 +30 +9 +21$/);
  expect(says).toBe(
    "of each run's validations the lowest: features, total; highest: elbo (nats), active_units (dimensions), psnr (dB); last: kl (nats)",
  );
  const mixed = await runTable([summarize(run("DFCVAE")), summarize(run("VanillaVAE"))]);
  expect(mixed.split("\n")[0]).not.toContain("features");
});

it("a run that keeps no metrics.csv has no numbers, and none are made up", async () => {
  const dir = run("VanillaVAE");
  rmSync(join(dir, "metrics.csv"));
  expect(summarize(dir)).toMatchObject({ step: undefined, epoch: undefined, best: {}, last: {} });
  expect((await runTable([summarize(dir)])).split("\n")[1]).toMatch(/VanillaVAE +shapes3d +– +–$/);
});
