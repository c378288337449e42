import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { layeredRegistries } from "../../src/config/registries.ts";
import { didYouMean } from "../../src/text/suggest.ts";
import { folder, load, loadError } from "../support/configs.ts";

const told = async (yaml: string) => (await loadError(yaml, [], await layeredRegistries())).split("\n")[0]!;
const one = (section: string, line: string) =>
  section === "model_params"
    ? `model_params:\n  name: VanillaVAE\n  ${line}\n`
    : `model_params: {name: VanillaVAE}\n${section}:\n  ${line}\n`;

test.each([
  ["exp_params", "img_size: 64", "unknown key: it is data_params.patch_size here."],
  ["exp_params", "batch_size: 144", "unknown key: it is data_params.train_batch_size here."],
  ["data_params", "batch_size: 64", "unknown key: it is data_params.train_batch_size here."],
  ["exp_params", "learning_rate: 1", "unknown key: it is exp_params.LR here."],
  ["exp_params", "lr: 1", 'unknown key. Did you mean "LR"?'],
  ["trainer_params", "epochs: 3", "unknown key: it is trainer_params.max_epochs here."],
  ["trainer_params", "max_nb_epochs: 50", "unknown key: it is trainer_params.max_epochs here."],
  ["exp_params", "gpus: 1", "unknown key. It belongs to trainer_params."],
  ["trainer_params", "patience: 3", "unknown key: it is trainer_params.early_stopping.patience here."],
  [
    "trainer_params",
    "gradient_accumulation_steps: 4",
    "unknown key: it is trainer_params.accumulate_grad_batches here.",
  ],
  ["model_params", "z_dim: 4", "unknown key: it is model_params.latent_dim here."],
  ["model_params", "n_channels: 3", "unknown key: it is model_params.in_channels here."],
  ["exp_params", "dataset: celeba", "unknown key: it is data_params.name here."],
  ["data_params", "image_size: 64", "unknown key: it is data_params.patch_size here."],
  ["data_params", "shuffle: true", 'expected one of auto, whole, blocks, none, got "true"'],
  ["logging_params", "log_dir: x", "unknown key: it is logging_params.save_dir here."],
  ["exp_params", "LR: 0,005", 'expected a number > 0, got "0,005". Write 0.005.'],
  ["model_params", "latent_dim: 64,", 'expected an integer ≥ 1, got "64,". Write 64.'],
  ["model_params", "hidden_dims: 32, 64", 'got "32, 64". Write [32, 64].'],
  ["model_params", "hidden_dims: (32, 64)", 'got "(32, 64)". Write [32, 64].'],
  ["model_params", "hidden_dims: None", 'got "None". Leave the key out.'],
  ["exp_params", "optimizer: Adam", 'got "Adam". Did you mean "adam"?'],
  ["data_params", "name: CIFAR-10", 'got "CIFAR-10". Did you mean "cifar10"?'],
  ["data_params", "name: ImageFolder", 'got "ImageFolder". Did you mean "image_folder"?'],
])("%s %s", async (section, line, expected) => {
  expect(await told(one(section, line))).toContain(expected);
});

test.each([
  ["hvae", 'Did you mean "HVAE"?'],
  ["twostage_vae", 'Did you mean "TwoStageVAE"?'],
  ["joint_vae", 'Did you mean "JointVAE"?'],
  ["WAE-MMD", 'Did you mean "WAE_MMD"?'],
  ["VAE", 'Did you mean "VanillaVAE"?'],
  ["CVAE", 'Did you mean "ConditionalVAE"?'],
  ["vq-vae", 'Did you mean "VQVAE"?'],
  ["beta_vae", 'Did you mean "BetaVAE"?'],
])("the model %s", async (name, expected) => {
  expect(await told(`model_params: {name: ${name}}\n`)).toContain(expected);
});

test.each([
  ["model: {name: VanillaVAE}\n", 'unknown key. Did you mean "model_params"?'],
  ["data: {}\nmodel_params: {name: VanillaVAE}\n", 'unknown key. Did you mean "data_params"?'],
  ["training: {}\nmodel_params: {name: VanillaVAE}\n", 'unknown key. Did you mean "trainer_params"?'],
])("a section by another name: %j", async (yaml, expected) => {
  expect(await loadError(yaml, [], await layeredRegistries())).toContain(expected);
});

test.each([
  [
    "data_params: {name: shapes3d}\n",
    "in_channels: 1",
    "expected 3, the channels of the images (64x64x3), got 1. Leave it out, or choose data of such images (a folder's by data_params.channels: 1).",
  ],
  [
    "data_params: {patch_size: 512}\n",
    "latent_dim: 2",
    "expected square images with a side of 28 to 256 pixels",
  ],
  ["data_params: {patch_size: 100}\n", "decoder: upsample", "multiples of 32"],
  [
    "data_params: {image_range: signed}\n",
    "latent_dim: 2",
    'expected tanh or linear for images in [-1, 1], got "sigmoid"',
  ],
  ["", "output: tanh", 'expected sigmoid or linear for images in [0, 1], got "tanh"'],
])("what a run would refuse of its sizes and ranges, the check does: %j %s", async (data, line, expected) => {
  expect(await told(`${data}${one("model_params", line)}`)).toContain(expected);
});

test("so it does of labels and shares of an image folder", async () => {
  expect(await told("model_params: {name: ConditionalVAE}\ndata_params: {name: image_folder}\n")).toContain(
    "config.yaml:2:21 data_params.name: expected data with labels for ConditionalVAE, got none. Take others, such as shapes3d, mnist, fashion_mnist, cifar10, celeba, dsprites; or --set data_params.label_from=folder takes them from sub-folders.",
  );
  expect(await told(one("data_params", "splits: {val: 0.5, test: 0.5}"))).toContain(
    "config.yaml:3:11 data_params.splits: expected val and test to leave some for training, got 0.5 and 0.5.",
  );
});

test("so it does of other variants", async () => {
  expect(await told("model_params: {name: IWAE}\nexp_params: {kld_weight: 0}\n")).toContain(
    "exp_params.kld_weight: expected a number > 0 for IWAE",
  );
  expect(await told("model_params: {name: VQVAE, img_size: 32}\ndata_params: {name: shapes3d}\n")).toContain(
    "model_params.img_size: expected 64, the side of the images",
  );
  expect(
    await told(
      "model_params: {name: DFCVAE, feature_network: vgg19, feature_layers: [pool5]}\ndata_params: {name: mnist}\n",
    ),
  ).toContain('layer "pool5" of vgg19 needs images of at least 32x32, got 28x28');
});

test("a file of JSON, with a byte order mark, or with Windows' line ends is read", async () => {
  const json = JSON.stringify({ model_params: { name: "SmallVAE", latent_dim: 3 } }, null, "\t");
  const crlf = "model_params:\r\n  name: SmallVAE\r\n  latent_dim: 3\r\nlogging_params:\r\n  name: 001\r\n";
  for (const text of [json, `\ufeff${crlf}`]) {
    const { config } = await load(text);
    expect(config.model_params).toMatchObject({ name: "SmallVAE", latent_dim: 3 });
  }
  expect((await load(crlf)).config.logging_params.name).toBe("001");
});

test("a folder of configs, a file name that is no UTF-8, and an escape in a path", async () => {
  const dir = folder({ "b.yaml": "", "a.yml": "", "c.txt": "" });
  const failure = (file: string) => loadConfig(file).then(String, (error: Error) => error.message);
  expect(await failure(dir)).toBe(
    `expected a YAML file, got the folder or device ${dir}. In it: ${dir}/a.yml, ${dir}/b.yaml`,
  );
  writeFileSync(
    Buffer.concat([Buffer.from(join(dir, "caf")), Buffer.from([0xe9]), Buffer.from(".yaml")]),
    "",
  );
  expect(await failure(join(dir, "caf\ufffd.yaml"))).toContain("Its name is not UTF-8: rename the file.");
  expect(await loadError('model_params: {name: SmallVAE}\ndata_params:\n  data_path: "C:\\Users"\n')).toBe(
    "config.yaml:3:17: in double quotes a backslash begins an escape, and \\U is none. Use single quotes, or forward slashes in a path",
  );
});

test("nothing unrelated is suggested", () => {
  const keys = ["patch_size", "data_path", "train_batch_size", "kl", "reconstruction", "LR", "sgd"];
  for (const text of ["batch_size", "fid", "lr2x", "path", "size", "adagrad", "x", "kn0"])
    expect(didYouMean(text, keys), text).toBe("");
  expect(didYouMean("patchsize", keys)).toBe(' Did you mean "patch_size"?');
  expect(didYouMean("kll", keys)).toBe(' Did you mean "kl"?');
  expect(didYouMean("reconstuction", keys)).toBe(' Did you mean "reconstruction"?');
  expect(didYouMean("distance_fid", ["frechet"], { frechet: ["fid"] })).toBe("");
});
