import { expect, test } from "vitest";
import { projectRegistries } from "../../src/config/registries.ts";
import { learningRates, optimizerParams } from "../../src/experiment/training/schedules.ts";
import { getModel, modelNames, registerModel } from "../../src/models/registry.ts";
import { load, loadError, testRegistries } from "../support/configs.ts";

const registries = () => ({
  ...testRegistries(),
  models: { names: modelNames, get: getModel, register: registerModel },
});
/** The keys and values of PyTorch-VAE's vae.yaml and dfc_vae.yaml. */
const theirs = (name: string, epochs: number) => `
model_params:
  name: '${name}'
  in_channels: 3
  latent_dim: 128


data_params:
  data_path: "Data/"
  train_batch_size: 64
  val_batch_size:  64
  patch_size: 64
  num_workers: 4


exp_params:
  LR: 0.005
  weight_decay: 0.0
  scheduler_gamma: 0.95
  kld_weight: 0.00025
  manual_seed: 1265

trainer_params:
  gpus: [1]
  max_epochs: ${epochs}

logging_params:
  save_dir: "logs/"
  name: "${name}"
`;

const READ = [
  "data_params.name: not given, so image_folder, which reads data_path as a folder of images; celeba has CelebA's labels and partition.",
  "exp_params.kld_weight: given, so reconstruction: pixel_mean, PyTorch-VAE's scale of the loss.",
  "trainer_params.gpus: not used; --backend chooses the kind of device, trainer_params.devices how many.",
];
const TANH =
  "model_params.output: not given, so sigmoid; PyTorch-VAE has pytorch_vae, a tanh against images in [0, 1].";
const DATA = [
  "data_params.horizontal_flip: not given, so false; PyTorch-VAE has true.",
  "logging_params.image_count: not given, so 64; PyTorch-VAE has 144.",
  "data_params.center_crop: not given, so 148 for CelebA's img_align_celeba and none for other folders; PyTorch-VAE has 148.",
];

test.each([
  ["VanillaVAE", 100, [TANH], "as PyTorch-VAE trains VanillaVAE: --set model_params.output=pytorch_vae "],
  [
    "DFCVAE",
    10,
    [
      TANH,
      "model_params.feature_network: not given, so {normalize: imagenet, name: tiny_vgg}; PyTorch-VAE has {name: vgg19_bn, weights: torchvision, normalize: none}.",
      "model_params.feature_layers: not given, so [relu1_2, relu2_2, relu3_2]; PyTorch-VAE has [14, 24, 34, 43].",
    ],
    "as PyTorch-VAE trains DFCVAE: configs/dfcvae_pytorch_vae.yaml (all of it), or --set model_params.output=pytorch_vae ",
  ],
])(
  "PyTorch-VAE's config of %s is read as it is, and what it doesn't say is told where it differs",
  async (name, epochs, own, remedy) => {
    const { config, notes } = await load(theirs(name, epochs), [], registries());
    expect(config.model_params).toMatchObject({
      name,
      in_channels: 3,
      latent_dim: 128,
      hidden_dims: [32, 64, 128, 256, 512],
    });
    expect(config.data_params).toMatchObject({
      name: "image_folder",
      data_path: "Data/",
      patch_size: 64,
      num_workers: 4,
    });
    expect(config.exp_params).toMatchObject({
      LR: 0.005,
      optimizer: "adam",
      scheduler: "exponential",
      scheduler_gamma: 0.95,
      kld_weight: 0.00025,
      reconstruction: "pixel_mean",
    });
    expect(config.trainer_params).toMatchObject({ max_epochs: epochs, gpus: [1] });
    expect(config.logging_params).toMatchObject({ save_dir: "logs/", name });
    expect(notes.slice(0, -2)).toEqual([...READ, ...own, ...DATA]);
    expect(notes.at(-2)).toContain(remedy);
    expect(notes.at(-1)).toContain("validates on CelebA's test split with a KL weight of 1");
  },
);

test.each([
  ["VanillaVAE", { output: "pytorch_vae" }],
  [
    "DFCVAE",
    {
      output: "pytorch_vae",
      feature_network: { name: "vgg19_bn", weights: "torchvision", normalize: "none" },
      feature_layers: [14, 24, 34, 43],
    },
  ],
  ["BetaVAE", { output: "pytorch_vae", loss_type: "B" }],
  ["ConditionalVAE", { output: "pytorch_vae" }],
  ["IWAE", { output: "pytorch_vae" }],
  ["FactorVAE", { output: "pytorch_vae", discriminator_layers: 3 }],
  ["CategoricalVAE", { output: "pytorch_vae", alpha: 30, initial_temperature: 0 }],
  ["JointVAE", { output: "pytorch_vae", alpha: 30, initial_temperature: 0 }],
  ["VQVAE", { output: "pytorch_vae", codebook: "loss" }],
  ["HVAE", { output: "pytorch_vae", prior: "standard", num_components: 128, latent1_dim: 64 }],
  ["LVAE", { output: "pytorch_vae", ladder_activation: false, kl_warmup_steps: 0 }],
])("what the note on %s says to set, set, leaves no value that differs", async (name, values) => {
  const project = await projectRegistries();
  const own: Record<string, string> = {
    VQVAE: "beta: 0.25",
    HVAE: "latent1_dim: 64\n  latent2_dim: 64\n  pseudo_input_size: 128",
    LVAE: "latent_dims: [4,8,16,32,128]\n  hidden_dims: [32, 64,128, 256, 512]",
  };
  const yaml = theirs(name, 1).replace("latent_dim: 128", own[name] ?? "latent_dim: 128");
  const { notes } = await load(yaml, [], project);
  const remedy = notes.find((note) => note.startsWith("as PyTorch-VAE trains"))!;
  const set = [...remedy.matchAll(/--set (?:'([^']*)'|(\S*?)(?=\.?(?: |$)))/g)].map(([, a, b]) => (a ?? b)!);
  const again = await load(
    yaml,
    [...set, "data_params.center_crop=148"].filter(
      (s) => name !== "ConditionalVAE" || !s.includes("center_crop"),
    ),
    project,
  );
  expect(
    again.notes.filter((note) => /not given, so .*PyTorch-VAE has|as PyTorch-VAE trains/.test(note)),
  ).toEqual([]);
  expect(again.config.model_params).toMatchObject(values);
  expect(again.config.data_params.horizontal_flip).toBe(true);
  expect(again.config.logging_params.image_count).toBe(144);
});

test("the faithful config of DFCVAE has every value that the notes on dfc_vae.yaml name, and brings no note", async () => {
  const { loadConfig } = await import("../../src/config/load.ts");
  const { config, notes } = await loadConfig("configs/dfcvae_pytorch_vae.yaml");
  expect(notes).toEqual([]);
  expect(config.model_params).toMatchObject(getModel("DFCVAE")!.pytorchVae!.values);
  expect(config.data_params).toMatchObject({ horizontal_flip: true, crop: "pytorch_vae" });
});

test("a config that chooses its own scale of the loss, or other data, is not compared there", async () => {
  const own = theirs("VanillaVAE", 1).replace("kld_weight", "reconstruction: pixel_mean\n  kld_weight");
  expect((await load(own, [], registries())).notes.join("\n")).not.toContain("PyTorch-VAE has");
  const data = theirs("VanillaVAE", 1).replace("data_params:", "data_params:\n  name: shapes3d");
  const { notes } = await load(data, [], registries());
  expect(notes).toContain(TANH);
  expect(notes.join("\n")).not.toContain("horizontal_flip");
});

const beta = (lines: string) =>
  theirs("BetaVAE", 10)
    .replace("latent_dim: 128\n", `latent_dim: 128\n${lines}`)
    .replace("logging_params:", "logging_params:\n  manual_seed: 1265");

test("PyTorch-VAE's configs of BetaVAE are read as they are", async () => {
  const H = await load(beta("  loss_type: 'H'\n  beta: 10.\n"), [], registries());
  expect(H.config.model_params).toMatchObject({ loss_type: "H", beta: 10 });
  const lines = "  loss_type: 'B'\n  gamma: 10.0\n  max_capacity: 25\n  Capacity_max_iter: 10000\n";
  const B = await load(beta(lines), [], registries());
  expect(B.config.model_params).toMatchObject({
    loss_type: "B",
    gamma: 10,
    max_capacity: 25,
    capacity_max_iter: 10000,
  });
  expect(B.config.model_params).not.toHaveProperty("Capacity_max_iter");
  expect(B.notes).toContain("logging_params.manual_seed: not used; exp_params.manual_seed is the seed.");
});

test("PyTorch-VAE's configs of ConditionalVAE and IWAE are read as they are, the former's data CelebA with its labels", async () => {
  const their = (name: string, line: string) =>
    theirs(name, 10).replace("in_channels: 3", `in_channels: 3\n  ${line}`);
  const project = await projectRegistries();
  const conditional = await load(their("ConditionalVAE", "num_classes: 40"), [], project);
  expect(conditional.config.model_params).toMatchObject({ num_classes: 40, latent_dim: 128 });
  expect(conditional.config.data_params.name).toBe("celeba");
  expect(conditional.notes[0]).toBe(
    "data_params.name: not given, so celeba, whose labels ConditionalVAE takes.",
  );
  const iwae = await load(their("IWAE", "num_samples: 5"), [], project);
  expect(iwae.config.model_params).toMatchObject({ num_samples: 5, latent_dim: 128 });
  expect(iwae.config.data_params.name).toBe("image_folder");
});

test("PyTorch-VAE's cat_vae.yaml and joint_vae.yaml are read as they are, and that its temperature never falls is told", async () => {
  const project = await projectRegistries();
  const their = (name: string, lines: string) =>
    theirs(name, 10).replace("latent_dim: 128", `latent_dim: 512\n  categorical_dim: 40\n${lines}`);
  const gumbel = "  temperature: 0.5\n  anneal_rate: 0.00003\n  anneal_interval: 100\n";
  const categorical = await load(their("CategoricalVAE", `${gumbel}  alpha: 1.0\n`), [], project);
  expect(categorical.config.model_params).toMatchObject({
    latent_dim: 512,
    categorical_dim: 40,
    temperature: 0.5,
    initial_temperature: 1,
    anneal_rate: 3e-5,
    anneal_interval: 100,
    alpha: 1,
  });
  const capacities = ["latent", "categorical"].flatMap((of) => [
    `  ${of}_min_capacity: 0.0\n  ${of}_max_capacity: 20.0\n  ${of}_gamma: 10.\n  ${of}_num_iter: 25000\n`,
  ]);
  const joint = await load(their("JointVAE", `${capacities.join("")}${gumbel}  alpha: 10.0\n`), [], project);
  expect(joint.config.model_params).toMatchObject({
    latent_max_capacity: 20,
    latent_gamma: 10,
    latent_num_iter: 25_000,
    categorical_max_capacity: 20,
    categorical_gamma: 10,
    categorical_num_iter: 25_000,
    alpha: 10,
  });
  for (const { notes } of [categorical, joint]) {
    expect(notes).toContain("model_params.initial_temperature: not given, so 1; PyTorch-VAE has 0.");
    expect(notes.join("\n")).not.toContain("alpha");
  }
  const still = await load(their("CategoricalVAE", ""), ["model_params.initial_temperature=0"], project);
  expect(still.notes).toContain("model_params.alpha: not given, so 1; PyTorch-VAE has 30.");
});

test("PyTorch-VAE's gammavae.yaml is read as it is, and what its model does otherwise is told", async () => {
  const yaml = theirs("GammaVAE", 10)
    .replace("latent_dim: 128", "latent_dim: 128\n  gamma_shape: 8.\n  prior_shape: 2.\n  prior_rate: 1.")
    .replace("max_epochs: 10", "max_epochs: 10\n  gradient_clip_val: 0.8");
  const { config, notes } = await load(yaml, [], registries());
  expect(config.model_params).toMatchObject({ gamma_shape: 8, prior_shape: 2, prior_rate: 1 });
  expect(config.trainer_params.gradient_clip_val).toBe(0.8);
  expect(notes).toContain("model_params.parameters_by: not given, so softplus; PyTorch-VAE has softmax.");
  expect(notes.at(-1)).toContain("its gradient lacks the correction");
});

test("a config of PyTorch-VAE's two-stage VAE has its second optimizer's keys, by the phase's name", async () => {
  const yaml = theirs("TwoStageVAE", 10)
    .replace("latent_dim: 128", "latent_dim: 128\n  hidden_dims2: [1024, 1024]")
    .replace("exp_params:", "exp_params:\n  submodel: second_stage\n  LR_2: 0.001");
  const { config } = await load(yaml, [], registries());
  expect(config.model_params.hidden_dims2).toEqual([1024, 1024]);
  const at = { step: 0, epoch: 0, totalSteps: 100 };
  expect(learningRates(config.exp_params, ["vae", "second_stage"], at)).toEqual({
    vae: 0.005,
    second_stage: 0.001,
  });
});

/** The keys of PyTorch-VAE's vampvae.yaml, which are older than those of its other configs. */
const OLDER = `
model_params:
  name: 'VampVAE'
  in_channels: 3
  latent_dim: 128

exp_params:
  dataset: celeba
  data_path: "../../shared/Data/"
  img_size: 64
  batch_size: 144
  LR: 0.005
  weight_decay: 0.0
  scheduler_gamma: 0.95

trainer_params:
  gpus: 1
  max_nb_epochs: 50
  max_epochs: 40
`;

test("PyTorch-VAE's older keys are read under today's names, a note each", async () => {
  const project = await projectRegistries();
  const { config, notes } = await load(OLDER, [], project);
  expect(config.data_params).toMatchObject({
    name: "celeba",
    data_path: "../../shared/Data/",
    patch_size: 64,
    train_batch_size: 144,
    val_batch_size: 144,
  });
  expect(config.trainer_params.max_epochs).toBe(40);
  expect(notes).toContain(
    "exp_params.batch_size: read as data_params.train_batch_size and val_batch_size, an older key of PyTorch-VAE's.",
  );
  expect(notes).toContain("trainer_params.max_nb_epochs: not used; max_epochs is given.");
  expect(notes.join("\n")).toContain("so reconstruction: elbo");
  const alone = await load(OLDER.replace("  max_epochs: 40\n", ""), ["data_params.patch_size=32"], project);
  expect(alone.config.trainer_params.max_epochs).toBe(50);
  expect(alone.config.data_params.patch_size).toBe(32);
});

test("a mistake among older keys is told where it stands, and a config with data_params has none of them", async () => {
  const project = await projectRegistries();
  expect(await loadError(OLDER.replace("img_size: 64", "img_size: big"), [], project)).toMatch(
    /^config\.yaml:10:13 data_params\.patch_size: expected .*, got "big"/,
  );
  const both = `${OLDER}\ndata_params:\n  name: shapes3d\n`;
  expect(await loadError(both, [], project)).toContain("exp_params.batch_size: unknown key");
});

test("a parameter with PyTorch-VAE's name is checked where it stands, and --set wins over it by either name", async () => {
  const yaml = "model_params:\n  name: BetaVAE\n  Capacity_max_iter: 0\n";
  expect(await loadError(yaml, [], registries())).toMatch(
    /^config\.yaml:3:22 model_params\.capacity_max_iter: expected an integer ≥ 1, got 0/,
  );
  const value = async (...set: string[]) =>
    (await load(yaml, set, registries())).config.model_params.capacity_max_iter;
  expect(await value("model_params.capacity_max_iter=5")).toBe(5);
  expect(await value("model_params.Capacity_max_iter=6")).toBe(6);
  expect(await loadError(`${yaml}  capacity_max_iter: 7\n`, [], registries())).toMatch(
    /^config\.yaml:4:3 model_params\.capacity_max_iter: expected once, got two names of it: the other is at config\.yaml:3:3\. Remove one\./,
  );
});

test("a parameter with PyTorch-VAE's name over a base that has ours counts, and the other way round", async () => {
  const over = async (base: string, child: string) => {
    const files = {
      "base.yaml": `model_params:\n  name: BetaVAE\n  ${base}: 7\n`,
      "config.yaml": `extends: base.yaml\nmodel_params:\n  ${child}: 8\n`,
    };
    return (await load(files, [], registries())).config.model_params.capacity_max_iter;
  };
  expect(await over("capacity_max_iter", "Capacity_max_iter")).toBe(8);
  expect(await over("Capacity_max_iter", "capacity_max_iter")).toBe(8);
});

test("the keys of a second optimizer are refused with a reason", async () => {
  const yaml = theirs("VanillaVAE", 1).replace(
    "exp_params:",
    "exp_params:\n  submodel: d\n  retain_first_backpass: True\n  LR_2: 1\n  scheduler_gamma_2: 1",
  );
  const lines = (await loadError(yaml, [], registries())).split("\n");
  expect(lines).toHaveLength(5);
  for (const line of lines.slice(0, 4)) expect(line).toContain("variants with a second optimizer");
});

test("PyTorch-VAE's factorvae.yaml is read as it is, with its second optimizer", async () => {
  const yaml = theirs("FactorVAE", 10)
    .replace("latent_dim: 128", "latent_dim: 128\n  gamma: 6.4")
    .replace(
      "exp_params:",
      "exp_params:\n  submodel: 'discriminator'\n  retain_first_backpass: True\n  LR_2: 0.0005\n  scheduler_gamma_2: 0.9",
    );
  const { config, notes } = await load(yaml, [], registries());
  const rates = (epoch: number) =>
    learningRates(config.exp_params, ["vae", "discriminator"], { step: 0, epoch, totalSteps: 100 });
  expect(rates(0)).toEqual({ vae: 0.005, discriminator: 0.0005 });
  expect(rates(1)).toEqual({ vae: 0.005 * 0.95, discriminator: 0.0005 * 0.9 });
  expect(notes).toContain("exp_params.retain_first_backpass: not used; phases share no gradients.");
  const own = "exp_params:\n  optimizers: {discriminator: {LR: 0.1, betas: [0.5, 0.9]}}";
  const changed = await load(theirs("FactorVAE", 1).replace("exp_params:", own), [], registries());
  const { LR, betas, weight_decay } = optimizerParams(
    { ...changed.config.exp_params, weight_decay: 0.5 },
    ["vae", "discriminator"],
    "discriminator",
  );
  expect({ LR, betas, weight_decay }).toEqual({ LR: 0.1, betas: [0.5, 0.9], weight_decay: 0.5 });
  for (const [line, message] of [
    ["submodel: vae", 'expected discriminator, the second phase of FactorVAE, got "vae"'],
    [
      "optimizers: {discriminater: {LR: 1}}",
      'expected a phase of FactorVAE (vae, discriminator), got "discriminater". Did you mean',
    ],
    ["optimizers: {discriminator: {LR_2: 1}}", "unknown key"],
    ["scheduler_gamma_2: 1", "expected LR_2 beside it, got none"],
  ])
    expect(
      await loadError(
        theirs("FactorVAE", 1).replace("exp_params:", `exp_params:\n  ${line}`),
        [],
        registries(),
      ),
    ).toContain(message);
});

test("PyTorch-VAE's vq_vae.yaml is read as it is; its scheduler_gamma of 0 as none", async () => {
  const yaml = theirs("VQVAE", 10)
    .replace("latent_dim: 128", "embedding_dim: 64\n  num_embeddings: 512\n  img_size: 64\n  beta: 0.25")
    .replace("scheduler_gamma: 0.95", "scheduler_gamma: 0.0");
  const { config, notes } = await load(yaml, [], registries());
  expect(config.model_params).toMatchObject({ hidden_dims: [128, 256], residual_layers: 6, img_size: 64 });
  const at = { step: 0, epoch: 5, totalSteps: 100 };
  expect(learningRates(config.exp_params, ["vae"], at)).toEqual({ vae: 0.005 });
  expect(notes.join("\n")).toContain("scheduler_gamma: 0 is read as none");
});

test("feature layers and networks are checked without building anything", async () => {
  const yaml = (line: string) => `model_params:\n  name: DFCVAE\n  ${line}\n`;
  expect(await loadError(yaml("feature_layers: [relu1_1, relu9_1]"), [], registries())).toMatch(
    /^config\.yaml:3:29 model_params\.feature_layers\[1\]: expected a layer of tiny_vgg, .* got "relu9_1"/,
  );
  expect(await loadError(yaml("feature_network: vgg18"), [], registries())).toMatch(
    /^config\.yaml:3:20 model_params\.feature_network: expected one of .*, got "vgg18"\. Did you mean/,
  );
  expect(await loadError(yaml("likelihood: bernoulli\n  output: linear"), [], registries())).toMatch(
    /^config\.yaml:4:11 model_params\.output: expected sigmoid for likelihood: bernoulli, got "linear"/,
  );
});
