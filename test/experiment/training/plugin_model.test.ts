import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { pluginFault } from "../../../src/config/plugin_faults.ts";
import { layeredRegistries } from "../../../src/config/registries.ts";
import { ConfigError } from "../../../src/errors.ts";
import { prepare } from "../../../src/experiment/training/prepare.ts";
import type { Prepared } from "../../../src/experiment/training/prepared.ts";
import { stepGradients, trainStep } from "../../../src/experiment/training/step.ts";
import { inputsAt } from "../../../src/experiment/training/step_inputs.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { newCtx } from "../../../src/models/ctx.ts";
import { Rng } from "../../../src/rng.ts";
import type { Tensor4D } from "../../../src/tf.ts";
import { folder } from "../../support/configs.ts";

const spread = readFileSync(
  fileURLToPath(new URL("../../support/written_out_vae.mjs", import.meta.url)),
  "utf8",
);
const CONFIG = `
plugins: [./mine.mjs]
model_params: {name: SpreadVAE, latent_dim: 2, hidden_dims: [4, 8], margin: 2}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 4}
`;
beforeAll(async () => void (await useBackend("wasm")));
const opened: Prepared[] = [];
afterAll(async () => {
  for (const prepared of opened) await prepared.close();
});

/** The plugin with parts of it replaced, as a config prepares it. */
async function made(...changes: readonly (readonly [from: string, to: string])[]) {
  let source = spread;
  for (const [from, to] of changes) {
    expect(source, from).toContain(from);
    source = source.replace(from, to);
  }
  const dir = folder({ "mine.mjs": source, "config.yaml": CONFIG });
  const loaded = await loadConfig(join(dir, "config.yaml"), { registries: await layeredRegistries() });
  const prepared = await prepare({ ...loaded, cacheDir: cacheDir("test") });
  opened.push(prepared);
  return { dir, prepared };
}

const args = ({ vae, weights, optimizers, rng }: Prepared) => ({ vae, weights, optimizers, rng });
const images = (batch: number) => Rng.fromSeed(1).uniform<Tensor4D>([batch, 32, 32, 3]);

/** What a plugin's author is told of a mistake, the folder taken out. */
async function told(...changes: readonly (readonly [string, string])[]): Promise<string> {
  let where = "";
  try {
    const { dir, prepared } = await made(...changes);
    where = dir;
    trainStep(args(prepared), { images: images(4) }, 0, 0.001);
  } catch (error) {
    const message = error instanceof ConfigError ? error.message : pluginFault(error);
    if (message === undefined) throw error;
    return message.replaceAll(/[^\s(]*tfjs-vae-\w+\//g, "");
  }
  throw new Error(`expected an error of ${where}, got none`);
}

test("the example takes a step, and its model is the one that is checked", async () => {
  const { prepared } = await made();
  const { terms } = trainStep(args(prepared), { images: images(4) }, 0, 0.001);
  expect(Object.keys(terms)).toEqual(["reconstruction", "kl", "spread"]);
  const ctx = newCtx({ training: false, rng: Rng.fromSeed(2) });
  expect(prepared.vae.sample!(3, ctx).shape).toEqual([3, 32, 32, 3]);
  expect(prepared.vae.reconstruct(images(2), ctx).shape).toEqual([2, 32, 32, 3]);
  expect(Object.keys(prepared.vae.encode(images(2), ctx).z)).toEqual(["z"]);
});

const SPREAD = "spread: spread(pass.mean, args.params.margin),";
test.each([
  [
    "a term that is not declared",
    [SPREAD, "sprea: spread(pass.mean, args.params.margin),"],
    'mine.mjs:37: SpreadVAE, phase "vae", term "sprea": expected one that terms() declares (reconstruction, kl, spread), got another. Did you mean "spread"?',
  ],
  [
    "a declared term that is missing",
    [SPREAD, ""],
    'mine.mjs:19: SpreadVAE, term "spread": expected of a loss, because terms() declares it, got reconstruction, kl. Return it, or take it out of terms().',
  ],
  [
    "a term that is no scalar",
    [SPREAD, "spread: tf.relu(pass.mean),"],
    'mine.mjs:37: SpreadVAE, phase "vae", term "spread": expected a scalar tensor, shape [], got shape [4, 2]. tf.mean(…) makes one.',
  ],
  [
    "a number for a term",
    [SPREAD, "spread: 0.5,"],
    'mine.mjs:37: SpreadVAE, phase "vae", term "spread": expected a scalar tensor, shape [], got 0.5. tf.scalar(…) makes one of a number.',
  ],
  [
    "an async loss",
    ["loss({ images }, ctx) {", "async loss({ images }, ctx) {"],
    'mine.mjs:30: SpreadVAE, phase "vae", loss: expected {terms: {NAME: scalar}}, got terms: a promise: a loss can\'t be async.',
  ],
  [
    "a loss of no terms",
    ["return {\n                terms: {", "return {\n                parts: {"],
    'mine.mjs:30: SpreadVAE, phase "vae", loss: expected {terms: {NAME: scalar}}, got terms: nothing.',
  ],
  [
    "a scalar that is none",
    ["scalars: { mse },", "scalars: { mse: 3 },"],
    'mine.mjs:39: SpreadVAE, phase "vae", scalar "mse": expected a scalar tensor, shape [], got 3. tf.scalar(…) makes one of a number.',
  ],
  [
    "an update of a parameter that isn't there",
    ["updates: pass.updates,", "updates: { 'encoder.0.1.running_men': pass.mean },"],
    'mine.mjs:40: SpreadVAE, phase "vae", updates "encoder.0.1.running_men": expected the name of a parameter, got another. Did you mean "encoder.0.1.running_mean"?',
  ],
  [
    "an update of another shape",
    ["updates: pass.updates,", "updates: { 'encoder.0.1.running_mean': pass.mean },"],
    'mine.mjs:40: SpreadVAE, phase "vae", updates "encoder.0.1.running_mean": expected [4], got shape [4, 2].',
  ],
  [
    "a loss that no parameter changes",
    [
      "const pass = forward(images, ctx);",
      "const pass = { ...forward(images, ctx), recons: images, mean: tf.zeros([4, 2]), logVar: tf.zeros([4, 2]) };",
    ],
    'SpreadVAE, phase "vae", parameter "encoder.0.0.weight": expected a gradient, got none, because no term of the loss depends on it',
  ],
  [
    "a decoder that is left out",
    ["const pass = forward(images, ctx);", "const pass = { ...forward(images, ctx), recons: images };"],
    'SpreadVAE, phase "vae", parameter "decoder_input.weight": expected a gradient, got none',
  ],
  [
    "no phases",
    ["phases: [\n", "phase: [\n"],
    "SpreadVAE, build: expected phases, a list of one or more, got nothing.",
  ],
  [
    "a phase that the definition doesn't name",
    ['name: "vae",', 'name: "main",'],
    'SpreadVAE, phases: expected vae, those of the definition, got main. Write phases: ["main"] into the definition.',
  ],
  [
    "a phase without parameters",
    ["owns: () => true,", "owns: () => false,"],
    'mine.mjs:29: SpreadVAE, phase "vae": expected a parameter or more that it owns, got none.',
  ],
  [
    "a weight that is none",
    ["weight: 0.1", "wieght: 0.1"],
    'mine.mjs:19: SpreadVAE, terms: expected of "spread" {doc, weight}, weight a number, got',
  ],
] as const)("%s is told with file, line, what was expected and got", async (_, change, expected) => {
  expect(await told(change)).toContain(expected);
});

test.each([
  [
    "a misspelt loss",
    ["losses.meanSquaredError", "losses.meanSquaredEror"],
    /^mine\.mjs:32:\d+: TypeError: losses\.meanSquaredEror is not a function\. Did you mean "meanSquaredError"\?$/m,
  ],
  [
    "a wrong shape",
    ["tf.transpose(norms)", "tf.zeros([3, 5])"],
    /^mine\.mjs:50:\d+: Error: .*4, *1.*3, *5[\s\S]*\n {4}at spread \(mine\.mjs:50:\d+\)\n {4}at Object\.loss \(mine\.mjs:37:\d+\)$/,
  ],
  [
    "a mistake in build",
    ["buildGaussianVAE(args.params, args)", "buildGaussianVAE(args.parms, args)"],
    /^mine\.mjs:23:\d+: TypeError: /,
  ],
] as const)("%s is an exception of the plugin's, with its own calls alone", async (_, change, expected) => {
  const message = await told(change);
  expect(message).toMatch(expected);
  expect(message).not.toMatch(/node_modules|src\//);
});

test("images of another shape are told at the function that made them", async () => {
  const sample = ["...vae,", "...vae, sample: (count) => tf.zeros([count, 16, 16, 3]),"] as const;
  const { prepared } = await made(sample);
  const ctx = newCtx({ training: false, rng: Rng.fromSeed(2) });
  expect(() => prepared.vae.sample!(2, ctx)).toThrow(
    /mine\.mjs:25: SpreadVAE, sample: expected images \[2, 32, 32, 3\], got shape \[2, 16, 16, 3\]\./,
  );
});

test("an error of the project's own is no plugin's, and keeps its trace", async () => {
  const { prepared } = await made();
  const at = inputsAt({ step: 0, lr: 0, rng: Rng.fromSeed(1) });
  const broken = { ...args(prepared), weights: () => ({}) };
  let error: unknown;
  try {
    stepGradients(broken, { images: images(4) }, at);
  } catch (e) {
    error = e;
  }
  expect((error as Error).message).toContain("is not declared");
  expect(pluginFault(error)).toBeUndefined();
});
