import { expect, test } from "vitest";
import { loadError } from "../support/configs.ts";

const one = async (yaml: string, set: string[] = []) => {
  const lines = (await loadError(yaml, set)).split("\n");
  expect(lines.at(-1)).toBe("1 error in config.yaml");
  expect(lines).toHaveLength(2);
  return lines[0];
};
const section = (name: string, line: string) => `model_params:\n  name: SmallVAE\n${name}:\n  ${line}\n`;

test("an unknown key is placed at the key, with the nearest name", async () => {
  expect(await one("model_params:\n  name: SmallVAE\n  latent_dimm: 3\n")).toBe(
    'config.yaml:3:3 model_params.latent_dimm: unknown key. Did you mean "latent_dim"?',
  );
});

test("a value of the wrong kind is placed at the value", async () => {
  expect(await one("model_params:\n  name: SmallVAE\n  latent_dim: abc\n")).toBe(
    'config.yaml:3:15 model_params.latent_dim: expected an integer ≥ 1, got "abc"',
  );
});

test("an item of a list is named and placed", async () => {
  expect(await one("model_params:\n  name: SmallVAE\n  hidden_dims: [32, 0]\n")).toBe(
    "config.yaml:3:21 model_params.hidden_dims[1]: expected an integer ≥ 1, got 0",
  );
});

test.each([
  [
    "hidden_dims: []",
    "3:16 model_params.hidden_dims: expected a list of 1 to 8, each an integer ≥ 1, got an empty list",
  ],
  [
    "hidden_dims: 32",
    "3:16 model_params.hidden_dims: expected a list of 1 to 8, each an integer ≥ 1, got 32",
  ],
  [
    "decoder: upsampel",
    '3:12 model_params.decoder: expected one of transposed, upsample, got "upsampel". Did you mean "upsample"?',
  ],
  ["sigma: -1", "3:10 model_params.sigma: expected a number > 0 or optimal, got -1"],
  [
    "sigma: optimum",
    '3:10 model_params.sigma: expected a number > 0 or optimal, got "optimum". Did you mean "optimal"?',
  ],
  ["feature_network: 3", "3:20 model_params.feature_network: expected text or {name, weights}, got 3"],
  [
    "feature_network: {nam: x, name: y}",
    '3:21 model_params.feature_network.nam: unknown key. Did you mean "name"?',
  ],
  ["feature_network: {weights: x}", "3:3 model_params.feature_network.name: expected text, got nothing"],
  ["latent_dim: 1.5", "3:15 model_params.latent_dim: expected an integer ≥ 1, got 1.5"],
  ["latent_dim: '64'", '3:15 model_params.latent_dim: expected an integer ≥ 1, got "64". Remove the quotes.'],
  ["latent_dim: 1_024", '3:15 model_params.latent_dim: expected an integer ≥ 1, got "1_024". Write 1024.'],
  ["latent_dim:", "3:14 model_params.latent_dim: expected an integer ≥ 1, got null"],
  ["latent_dim: 13", "3:15 model_params.latent_dim: expected no 13 with sigma: optimal, got 13"],
  ["gamma: 2", "3:3 model_params.gamma: unknown key of SmallVAE: it is one of OtherVAE."],
  ["LR: 2", "3:3 model_params.LR: unknown key. It belongs to exp_params."],
  [
    "zzzzzzzz: 2",
    "3:3 model_params.zzzzzzzz: unknown key. Expected one of name, in_channels, latent_dim, hidden_dims, decoder, sigma, feature_network.",
  ],
])("model_params %s", async (line, expected) => {
  expect(await one(`model_params:\n  name: SmallVAE\n  ${line}\n`)).toBe(`config.yaml:${expected}`);
});

test.each([
  [
    "data_params",
    "horizontal_flip: yes",
    '20 data_params.horizontal_flip: expected true or false, got "yes". Write true.',
  ],
  [
    "data_params",
    "name: shapes4d",
    '9 data_params.name: expected one of image_folder, shapes3d, got "shapes4d". Did you mean "shapes3d"?',
  ],
  ["exp_params", "lr: 1", '3 exp_params.lr: unknown key. Did you mean "LR"?'],
  ["exp_params", "LR: 0", "7 exp_params.LR: expected a number > 0, got 0"],
  [
    "exp_params",
    "betas: [0.9]",
    "10 exp_params.betas: expected a list of 2, each a number ≥ 0 and < 1, got [0.9]",
  ],
  [
    "exp_params",
    "scheduler_gamma: 2",
    "20 exp_params.scheduler_gamma: expected a number ≥ 0 and ≤ 1 or null, got 2",
  ],
  ["exp_params", "max_epochs: 3", "3 exp_params.max_epochs: unknown key. It belongs to trainer_params."],
  [
    "exp_params",
    "LR_2: 3",
    "3 exp_params.LR_2: belongs to variants with a second optimizer, and SmallVAE has one. Remove it.",
  ],
  [
    "exp_params",
    "loss_weights: {kll: 1}",
    '18 exp_params.loss_weights.kll: expected a loss term of SmallVAE (reconstruction, kl), got "kll". Did you mean "kl"?',
  ],
  [
    "exp_params",
    "loss_weights: {kl: big}",
    '22 exp_params.loss_weights.kl: expected a number or {value, warmup_steps, start, delay_steps}, got "big"',
  ],
  [
    "exp_params",
    "loss_weights: {kl: {value: 1, warmup: 9}}",
    "33 exp_params.loss_weights.kl.warmup: unknown key. Expected one of value, warmup_steps, start, delay_steps.",
  ],
  [
    "exp_params",
    "{kld_weight: 1, reconstruction: elbo}",
    "16 exp_params.kld_weight: expected none with reconstruction: elbo (config.yaml:4:35), got 1. Remove it, or write reconstruction: pixel_mean.",
  ],
  [
    "exp_params",
    "scheduler: step",
    '14 exp_params.scheduler: expected scheduler_gamma beside "step", got none. Add scheduler_gamma: 0.1, or choose another.',
  ],
  ["exp_params", "min_lr: 1", "11 exp_params.min_lr: expected at most LR, 0.001, got 1. Lower it."],
  ["trainer_params", "LR: 1", "3 trainer_params.LR: unknown key. It belongs to exp_params."],
  [
    "trainer_params",
    "accelerator: gpu",
    "3 trainer_params.accelerator: unknown key: --backend chooses the kind of device, trainer_params.devices how many. Remove it.",
  ],
  [
    "trainer_params",
    "checkpoint: {monitor: val_loss}",
    '25 trainer_params.checkpoint.monitor: expected a metric of validation such as val/objective, val/total, val/reconstruction, val/kl, val/elbo, got "val_loss". Did you mean "val/objective"?',
  ],
  [
    "trainer_params",
    "checkpoint: {monitor: train/kl}",
    '25 trainer_params.checkpoint.monitor: expected a metric of validation such as val/objective, val/total, val/reconstruction, val/kl, val/elbo, got "train/kl". Did you mean "val/kl"?',
  ],
  [
    "trainer_params",
    "checkpoint: {monitor: val/reconstuction}",
    '25 trainer_params.checkpoint.monitor: expected a metric of validation such as val/objective, val/total, val/reconstruction, val/kl, val/elbo, got "val/reconstuction". Did you mean "val/reconstruction"?',
  ],
  ["logging_params", "name: a/b", '9 logging_params.name: expected a folder name without / or \\, got "a/b"'],
  ["logging_params", "name: ..", '9 logging_params.name: expected a folder name without / or \\, got ".."'],
])("%s %s", async (name, line, expected) => {
  expect(await one(section(name, line))).toBe(`config.yaml:4:${expected}`);
});

test("a section that is no map is placed at its value", async () => {
  expect(await one("model_params: 3\n")).toBe("config.yaml:1:15 model_params: expected a map, got 3");
});

test("a missing or unknown model is told with all names", async () => {
  expect(await one("exp_params: {LR: 1}\n")).toBe(
    "config.yaml:1:1 model_params.name: expected one of SmallVAE, OtherVAE, got nothing",
  );
  expect(await one("\nmodel_params: {latent_dim: 1}\n")).toBe(
    "config.yaml:2:1 model_params.name: expected one of SmallVAE, OtherVAE, got nothing",
  );
  expect(await one("model_params: {name: smallvae}\n")).toBe(
    'config.yaml:1:22 model_params.name: expected one of SmallVAE, OtherVAE, got "smallvae". Did you mean "SmallVAE"?',
  );
  expect(await one("model_params: {name: [1]}\n")).toBe(
    "config.yaml:1:22 model_params.name: expected one of SmallVAE, OtherVAE, got [1]",
  );
});

test("a section written at the top, or a top-level key that is none", async () => {
  expect(await one("model_params: {name: SmallVAE}\nlatent_dim: 3\n")).toBe(
    "config.yaml:2:1 latent_dim: unknown key. It belongs to model_params.",
  );
  expect(await one("model_params: {name: SmallVAE}\noptimizer: sgd\n")).toBe(
    "config.yaml:2:1 optimizer: unknown key. It belongs to exp_params.",
  );
  expect(await one("model_params: {name: SmallVAE}\nexp_param: {}\n")).toBe(
    'config.yaml:2:1 exp_param: unknown key. Did you mean "exp_params"?',
  );
});

test("all errors are told at once, in the order of the file, with their count", async () => {
  const message = await loadError(
    "logging_params: {nam: x}\nmodel_params: {latent_dim: 0, name: Smal}\nexp_params: {LR: -1, foo: 2}\ndata_params: [1]\n",
  );
  expect(message.split("\n").map((line) => line.split(" ")[0])).toEqual([
    "config.yaml:1:18",
    "config.yaml:2:37",
    "config.yaml:3:18",
    "config.yaml:3:22",
    "config.yaml:4:14",
    "5",
  ]);
  expect(message).toMatch(/\n5 errors in config\.yaml$/);
});

test("errors of --set are placed at the argument", async () => {
  const yaml = "model_params: {name: SmallVAE}\n";
  expect(await one(yaml, ["model_params.latent_dim=abc"])).toBe(
    '--set model_params.latent_dim=abc: expected an integer ≥ 1, got "abc"',
  );
  expect(await one(yaml, ["model_params.latent_dimm=3"])).toBe(
    '--set model_params.latent_dimm=3: unknown key. Did you mean "latent_dim"?',
  );
  expect(await one(yaml, ["exp_params={LR: x}"])).toBe(
    '--set exp_params={LR: x} exp_params.LR: expected a number > 0, got "x"',
  );
});
