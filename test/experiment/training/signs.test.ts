import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type Seen, Signs } from "../../../src/experiment/training/signs.ts";
import { training } from "../../support/training.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-signs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SOUND: Seen = {
  step: 500,
  metrics: { "val/active_units": 12, "val/kl": 40, "val/codes_used": 0.9 },
  terms: ["reconstruction", "kl"],
  values: 64 * 64 * 3,
  imageRange: [0, 1],
  reconstructed: Float32Array.from({ length: 100 }, (_, i) => i / 99),
};
const saying = (change: Partial<Seen>) => new Signs().of({ ...SOUND, ...change });
const reaching = (low: number, high: number, share: number) =>
  Float32Array.from({ length: 1000 }, (_, i) => (i < share * 1000 ? (i % 2 ? low : high) : 0.5));

describe("signs of trouble in a run whose numbers are finite", () => {
  it("are none in a sound one", () => expect(saying({})).toEqual([]));

  it.each<[string, Partial<Seen>, RegExp]>([
    [
      "no active dimension",
      { metrics: { "val/active_units": 0 } },
      /^step 500: no dimension of z is active: the posterior has collapsed.*\(its terms: reconstruction, kl\)/,
    ],
    ["a KL of nothing", { metrics: { "val/kl": 0.0012 } }, /^step 500: val\/kl is 0\.0012 nats: .*collapsed/],
    [
      "a KL above the image's own bytes",
      { metrics: { "val/kl": 70_000 } },
      /^step 500: val\/kl is 70000 nats, more than the 68140 that an image has as bytes/,
    ],
    ["codes that nothing uses", { metrics: { "val/codes_used": 5 / 256 } }, /uses 1\.953 % of the codes/],
    [
      "reconstructions outside the range",
      { reconstructed: reaching(-0.7, 1.9, 0.05) },
      /values from -0\.7 to 1\.9, images from 0 to 1: .*model_params\.output: sigmoid/,
    ],
    [
      "and outside [-1, 1]",
      { imageRange: [-1, 1], reconstructed: reaching(-1.7, 2, 0.05) },
      /values from -1\.7 to 2, images from -1 to 1: .*model_params\.output: tanh/,
    ],
  ])("%s", (_, change, text) => {
    expect(saying(change)).toEqual([expect.stringMatching(text)]);
    expect(saying({ ...change, step: 199 }), "before anything is learned").toEqual([]);
  });

  it("are not overshoot, nor a few values outside", () => {
    expect(saying({ reconstructed: reaching(-0.2, 1.2, 1) })).toEqual([]);
    expect(saying({ reconstructed: reaching(-5, 5, 0.01) })).toEqual([]);
  });

  it("are told once each", () => {
    const signs = new Signs();
    const metrics = { "val/active_units": 0, "val/codes_used": 0.01 };
    expect(signs.of({ ...SOUND, metrics: { "val/active_units": 0 } })).toHaveLength(1);
    expect(signs.of({ ...SOUND, metrics })).toEqual([expect.stringContaining("of the codes")]);
    expect(signs.of({ ...SOUND, metrics })).toEqual([]);
  });
});

it("a run whose KL weighs too much says that it collapsed, once, and goes on to its end", async () => {
  const said: string[] = [];
  const hear = (text: unknown) => said.push(String(text)) > 0;
  const spies = [process.stdout, process.stderr].map((to) => vi.spyOn(to, "write").mockImplementation(hear));
  const { result, error } = await training(
    root,
    `
model_params: {name: VanillaVAE, latent_dim: 2, hidden_dims: [4, 8]}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
exp_params: {kld_weight: 1000, LR: 0.01}
trainer_params: {max_epochs: 110, check_val_every_n_epoch: 5, log_every_n_steps: 100}
logging_params: {image_count: 2, latent_count: 0, histogram_every_n_steps: 0, name: collapsed}
`,
  ).finally(() => {
    for (const spy of spies) spy.mockRestore();
  });
  expect(error).toBeUndefined();
  expect(result?.state.step).toBe(220);
  expect(said.join("").match(/collapsed/g)).toHaveLength(1);
});
