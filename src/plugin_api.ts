import { Type } from "typebox";
import { meanOverRanks, ownRows, rankCount, sumOverRanks, wholeBatch } from "./backends/ranks.ts";
import { defineDataset } from "./data/define.ts";
import { ConfigError } from "./errors.ts";
import { convDecoder } from "./models/blocks/decoder.ts";
import { convEncoder } from "./models/blocks/encoder.ts";
import {
  checkLikelihood,
  LikelihoodOptions,
  reconstructionDoc,
  reconstructionTerm,
} from "./models/blocks/likelihood.ts";
import { ConvOptions } from "./models/blocks/options.ts";
import { strideSizes } from "./models/blocks/sizes.ts";
import { defineModel, onePhase } from "./models/define.ts";
import { buildGaussianVAE, gaussianPhase, onePhaseGaussianVAE, reparameterize } from "./models/gaussian.ts";
import { featureLosses, sumOf } from "./models/losses/features.ts";
import { klPerDimension, klToUnitGaussian } from "./models/losses/kl.ts";
import * as reconstruction from "./models/losses/reconstruction.ts";
import { batchNorm2d } from "./nn/batch_norm.ts";
import { conv2d, convTranspose2d } from "./nn/conv.ts";
import { linear } from "./nn/linear.ts";
import { leakyRelu, newPass, Scope, sequential } from "./nn/params.ts";
import { replicationPad1, upsampleNearest2x } from "./nn/upsample.ts";
import { oneOf } from "./one_of.ts";
import { tf } from "./tf.ts";

/**
 * What a plugin's default function is called with: all that a variant or a data set needs, so that a file
 * outside the project has nothing to resolve. See docs/adding-a-variant.md.
 */
export const pluginApi = {
  tf,
  /** TypeBox, for the schema of the parameters. */
  Type,
  oneOf,
  defineModel,
  defineDataset,
  /** What a `check` throws, its message starting with the key: `model_params.margin: expected …`. */
  ConfigError,
  /** A convolutional Gaussian VAE that one optimizer trains by this loss: all that most variants are. */
  onePhaseGaussianVAE,
  /** It without its phases, and one of these of a loss. */
  buildGaussianVAE,
  gaussianPhase,
  /** The phases of any model that one optimizer trains whole. */
  onePhase,
  reparameterize,
  blocks: {
    ConvOptions,
    LikelihoodOptions,
    checkLikelihood,
    reconstructionDoc,
    reconstructionTerm,
    convEncoder,
    convDecoder,
    strideSizes,
  },
  losses: { klToUnitGaussian, klPerDimension, featureLosses, sumOf, ...reconstruction },
  /** What a loss asks of other processes that train with this one; for a variant that says `acrossRanks: true`. */
  ranks: { wholeBatch, meanOverRanks, sumOverRanks, ownRows, rankCount },
  nn: {
    Scope,
    newPass,
    sequential,
    linear,
    conv2d,
    convTranspose2d,
    batchNorm2d,
    leakyRelu,
    upsampleNearest2x,
    replicationPad1,
  },
} as const;

export type PluginApi = typeof pluginApi;
