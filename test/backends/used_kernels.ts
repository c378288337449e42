import type { ExpParams } from "../../src/config/schema.ts";
import type { HostBatch } from "../../src/data/loader.ts";
import { ConfigError } from "../../src/errors.ts";
import { withTensors } from "../../src/experiment/training/batch.ts";
import { createOptimizer } from "../../src/experiment/training/optimizers.ts";
import { trainStep } from "../../src/experiment/training/step.ts";
import { validate } from "../../src/experiment/training/validate.ts";
import { reconstructionGrid, sampleGrid } from "../../src/explore/grids.ts";
import type { Convention, ModelDefinition } from "../../src/models/define.ts";
import { getModel, modelNames } from "../../src/models/registry.ts";
import type { VAE } from "../../src/models/vae.ts";
import { fromTorch, toTorch } from "../../src/nn/torch_layout.ts";
import { Rng } from "../../src/rng.ts";
import { tf } from "../../src/tf.ts";
import { build, labelValues } from "../support/models.ts";
import { fitting, small, unitWeights } from "../support/variants.ts";

type Params = Record<string, unknown>;

interface Use {
  readonly params?: Params;
  readonly exp?: Partial<ExpParams>;
  readonly convention?: Convention;
  readonly channels?: number;
  readonly imageRange?: readonly [number, number];
  readonly only?: string;
  readonly gradientClip?: number;
}

/** With layers before and after each kind of module, so that every way to fold them is taken. */
const NETWORKS = [
  ["vgg11", ["conv1_1", "relu1_1", "pool1", "relu2_1"]],
  ["vgg11_bn", ["conv1_1", "bn1_1", "relu1_1", "bn2_1", "relu3_1"]],
  ["squeezenet1_0", ["conv1", "pool1", "fire3", "pool4"]],
  ["squeezenet1_1", ["relu1", "fire2", "pool3", "fire5"]],
] as const;

/** Together they name each value that an option of models, optimizers and steps can have. */
const USES: readonly Use[] = [
  { only: "DFCVAE", params: { feature_crop: 16 } },
  { params: { decoder: "transposed" }, exp: { optimizer: "adam", weight_decay: 1e-4 } },
  { params: { decoder: "upsample", encoder_kernel: 4 }, exp: { optimizer: "adamw", weight_decay: 1e-2 } },
  {
    params: { init: "normal", leaky_slope: 0.2 },
    exp: { optimizer: "sgd", momentum: 0.9, weight_decay: 1e-4 },
  },
  { params: { leaky_slope: 0 }, exp: { optimizer: "sgd", momentum: 0 }, gradientClip: 1 },
  { convention: "elbo", params: { likelihood: "bernoulli" }, channels: 1 },
  { convention: "elbo", params: { likelihood: "gaussian", sigma: "optimal" } },
  { convention: "elbo", params: { sigma: 0.1, output: "linear" } },
  { params: { output: "tanh" }, imageRange: [-1, 1] },
  ...NETWORKS.flatMap(([name, feature_layers]) =>
    (["imagenet", "none"] as const).map((normalize) => ({
      only: "DFCVAE",
      channels: normalize === "none" ? 1 : 3,
      params: { feature_network: { name, weights: "random", normalize }, feature_layers },
    })),
  ),
];

const EXP = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, momentum: 0 } as const;

/** A small model; undefined where its check refuses these parameters, as IWAE's does a sigma that is fitted. */
async function buildFor(model: ModelDefinition, { params, convention, channels = 3, imageRange }: Use) {
  const given = {
    imageShape: [32, 32, channels] as const,
    imageRange: imageRange ?? ([0, 1] as const),
    convention: convention ?? "pixel_mean",
  };
  const own = {
    ...small(model),
    ...fitting(model, { latent_dim: 2, hidden_dims: [2, 3] }),
    ...fitting(model, params ?? {}),
  };
  try {
    return await build(model, own, given);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** What a run does with a model: steps, a validation, grids and the weights' way to PyTorch's layout and back. */
async function live(vae: VAE, model: ModelDefinition, use: Use): Promise<void> {
  const exp = { ...EXP, ...use.exp } as unknown as ExpParams;
  const rng = Rng.fromSeed(3);
  const range = use.imageRange ?? [0, 1];
  const shape = [2, 32, 32, use.channels ?? 3] as const;
  const images = rng.uniformArray(shape.reduce((a, b) => a * b, 1));
  const host: HostBatch = { images, labels: labelValues(2), shape, indices: Int32Array.of(0, 1) };
  const weights = () => unitWeights(model, use.convention ?? "pixel_mean");
  const optimizers = new Map(
    vae.phases.map((phase) => {
      const owned = [...vae.params].filter(([name, p]) => p.trainable && phase.owns(name));
      return [
        phase.name,
        createOptimizer(exp, new Map(owned.map(([name, p]) => [name, p.value])), phase.name),
      ];
    }),
  );
  const args = { vae, weights, optimizers, rng, gradientClip: use.gradientClip };
  withTensors(host, (batch) => trainStep(args, batch, 0, 1e-3));
  await validate(args, oneBatch(host), 1, range);
  await sampleGrid(vae, 2, rng, range);
  await reconstructionGrid(vae, host, rng, range);
  for (const { value, torchLayout } of vae.params.values()) {
    const stored = toTorch(torchLayout, value.shape, value.dataSync() as Float32Array);
    fromTorch(torchLayout, stored.shape, stored.data);
  }
}

async function* oneBatch<T>(batch: T) {
  yield batch;
}

/** Names of all kernels that run when every registered model is trained, evaluated, drawn from and stored. */
export async function usedKernels(): Promise<string[]> {
  const names = new Set<string>();
  for (const model of modelNames().map((name) => getModel(name)!)) {
    for (const use of USES.filter((u) => (u.only ?? model.name) === model.name)) {
      const vae = await buildFor(model, use);
      if (vae === undefined) continue;
      const profile = await tf.profile(() => live(vae, model, use) as never);
      for (const name of profile.kernelNames) names.add(name);
    }
  }
  const known = new Set(tf.getKernelsForBackend(tf.getBackend()).map((k) => k.kernelName));
  return [...names].filter((name) => known.has(name)).sort();
}
