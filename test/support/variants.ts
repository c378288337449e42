import type { Static, TObject } from "typebox";
import { Value } from "typebox/value";
import { createOptimizer } from "../../src/experiment/training/optimizers.ts";
import type { StepArgs } from "../../src/experiment/training/step.ts";
import { WeightAverage } from "../../src/experiment/training/weight_average.ts";
import type { Convention, ModelDefinition } from "../../src/models/define.ts";
import { modelNames } from "../../src/models/registry.ts";
import type { Batch, Ctx, VAE } from "../../src/models/vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Named, type Scalar, type Tensor, type Tensor4D, tf, type Variable } from "../../src/tf.ts";
import { allTests } from "./all_tests.ts";
import { LABELS, labelValues } from "./models.ts";

export type Params = Record<string, unknown>;

interface Variant {
  /** Besides or in place of `COMMON`: small enough for tests. */
  readonly params?: Params;
  /** Parameters whose gradient is an estimate by design, and no derivative (straight-through). */
  readonly estimated?: RegExp;
  /** How far a bfloat16 step's total may be off, as a share of its terms' sizes, where that is more than 2 %. */
  readonly rounding?: number;
}

/** What tests of every variant need to know of one; most need no line. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  VQVAE: {
    params: { hidden_dims: [4, 8], embedding_dim: 4, num_embeddings: 16, residual_layers: 1 },
    estimated: /^(encoder|vq_layer)\./,
  },
  BetaTCVAE: { params: { hidden_dims: [4, 8], encoder_dense: 8 } }, // no batch norm
  MIWAE: { params: { num_samples: 2, num_estimates: 2 } },
  MSSIMVAE: { rounding: 0.03 }, // its variances are differences of products
  SWAE: { params: { num_projections: 8 } },
  GammaVAE: {
    params: { prior_shape: 0.7, prior_rate: 0.7 }, // where posteriors begin: no KL beside which the decoder's changes round off
    estimated: /^(encoder|fc_mu)\./, // rejection sampling's correction
  },
  TwoStageVAE: { params: { hidden_dims2: [16, 8] } },
  VampVAE: { params: { num_components: 3 } },
  CategoricalVAE: { params: { categorical_dim: 5 } },
  JointVAE: { params: { categorical_dim: 8 } },
  HVAE: { params: { latent1_dim: 4, latent2_dim: 4 } },
  LVAE: { params: { latent_dims: [8, 4, 2] } },
  AutoencoderKL: {
    params: { block_out_channels: [4, 4, 8], norm_num_groups: 2, layers_per_block: 1, latent_channels: 2 },
  },
  AutoencoderTiny: {
    params: {
      block_out_channels: 8,
      num_encoder_blocks: [1, 1],
      num_decoder_blocks: [1, 1],
      latent_channels: 2,
      mid_pool: true,
    },
  },
  FactorVAE: { params: { discriminator_layers: 2, discriminator_width: 16 } },
};
const COMMON: Params = { latent_dim: 4, hidden_dims: [4, 8, 8] };

/**
 * Variants of each kind that a step tells apart: one phase or two, running values, labels, features of the images, latents of
 * several kinds. What is tested of these alone doesn't depend on the loss; the contract has it of every variant, op by op.
 */
export const STEP_KINDS: readonly string[] = [
  "VanillaVAE",
  "DFCVAE",
  "ConditionalVAE",
  "FactorVAE",
  "TwoStageVAE",
  "JointVAE",
  "VQVAE",
];

/** Variants whose compiled steps are tested: some of each kind, as compiling takes seconds; TFJS_VAE_TEST_ALL=1: all. */
export const compiledVariants: readonly string[] = allTests ? modelNames() : STEP_KINDS;

/** `params` without those that the variant doesn't have. */
export const fitting = (model: ModelDefinition, params: Params): Params =>
  Object.fromEntries(Object.entries(params).filter(([key]) => key in model.params.properties));

/** Parameters of a small model of the variant. */
export const small = (model: ModelDefinition): Params => ({
  ...fitting(model, COMMON),
  ...VARIANTS[model.name]?.params,
});

/** Whether the gradient of a parameter is no derivative, by design. */
export const isEstimated = ({ name }: ModelDefinition, param: string): boolean =>
  VARIANTS[name]?.estimated?.test(param) ?? false;

/** How far a bfloat16 step's total may be off, as a share of its terms' sizes. */
export const roundingOf = (name: string): number => VARIANTS[name]?.rounding ?? 0.02;

/** A weight of 1 for each term of the variant. */
export function unitWeights(
  model: ModelDefinition,
  convention: Convention,
  params: Params = {},
): Record<string, number> {
  const filled = Value.Default(model.params, { ...small(model), ...params }) as Static<TObject>;
  return Object.fromEntries(Object.keys(model.terms(filled, convention)).map((term) => [term, 1]));
}

export const images = (channels = 3, side = 32): Tensor4D =>
  Rng.fromSeed(7).uniform<Tensor4D>([4, side, side, channels]);

export const labelsOf = (x: Tensor4D): Tensor =>
  tf.tensor2d(labelValues(x.shape[0]), [x.shape[0], LABELS.length]);

export const batchOf = (x: Tensor4D): Batch => ({ images: x, labels: labelsOf(x) });

const EXP = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as never;

/** The parameters that a phase trains. */
export function trained(vae: VAE, phase: VAE["phases"][number]): Map<string, Variable> {
  const owned = [...vae.params].filter(([name, p]) => p.trainable && phase.owns(name));
  return new Map(owned.map(([name, p]) => [name, p.value]));
}

/** What a step of the model takes; with an average of its weights where there is a decay. */
export function trainer(
  vae: VAE,
  weights: Readonly<Record<string, number>>,
  { ema }: { readonly ema?: number } = {},
): StepArgs {
  const optimizers = new Map(
    vae.phases.map((phase) => [phase.name, createOptimizer(EXP, trained(vae, phase), phase.name)]),
  );
  const average = ema === undefined ? undefined : new WeightAverage(vae, ema);
  return { vae, weights: () => weights, optimizers, average, rng: Rng.fromSeed(3).fold("step") };
}

/** The loss of each phase, the sum of its terms, as a function of the parameters as they are. */
export function phaseLosses(vae: VAE, batch: Batch, ctx: Ctx) {
  let carry: Named<Tensor> = {};
  return vae.phases.map((phase) => {
    const given = carry;
    const compute = () => phase.loss(batch, { ...ctx, rng: ctx.rng.fold(phase.name) }, given);
    const next = compute().carry ?? {};
    carry = { ...carry, ...next };
    return {
      params: trained(vae, phase),
      loss: () => Object.values(compute().terms as Named<Scalar>).reduce((a, b) => tf.add(a, b)),
    };
  });
}
