import { type Static, Type } from "typebox";
import { ConfigError } from "../errors.ts";
import { newPass, type Param, Scope } from "../nn/params.ts";
import { type Named, type Tensor, type Tensor4D, tf } from "../tf.ts";
import { codePrior } from "./blocks/code_prior.ts";
import { CodebookOptions, codebook } from "./blocks/codebook.ts";
import {
  checkLikelihood,
  LikelihoodOptions,
  reconstructionDoc,
  reconstructionTerm,
} from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { checkImages, lastActivation } from "./blocks/output.ts";
import { residualDecoder, residualEncoder } from "./blocks/residual_conv.ts";
import { strideSizes } from "./blocks/sizes.ts";
import { defineModel, type Given, onePhase } from "./define.ts";
import { codeDistance, codesUsed, perplexity } from "./losses/codes.ts";
import { meanSquaredError } from "./losses/reconstruction.ts";
import type { Posterior } from "./vae.ts";

const { in_channels, leaky_slope, init, output } = ConvOptions;
const Params = Type.Object({
  in_channels,
  ...CodebookOptions,
  beta: Type.Number({ minimum: 0, default: 0.25, description: "Weight of the commitment term." }),
  hidden_dims: Type.Array(Type.Integer({ minimum: 1 }), {
    minItems: 1,
    maxItems: 8,
    default: [128, 256],
    description: "Channels after each stride-2 layer of the encoder; the decoder mirrors them.",
  }),
  residual_layers: Type.Integer({
    minimum: 0,
    maximum: 64,
    default: 6,
    description: "Residual layers of encoder and decoder each (PyTorch-VAE: 6, the paper: 2).",
  }),
  img_size: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: "PyTorch-VAE's key: the side of the images; default: the data's.",
    }),
  ),
  leaky_slope,
  init,
  output,
  ...LikelihoodOptions,
});

/**
 * The vector-quantized VAE (van den Oord et al., arXiv 1711.00937) on PyTorch-VAE's residual architecture: z is a grid of
 * vectors, each replaced by the nearest of a codebook; the decoder's gradient goes to the encoder as it comes. q(z | x)
 * is one grid of codes, so its KL to the uniform prior of training is h w log K nats, whatever is learned.
 */
export default defineModel({
  name: "VQVAE",
  summary: "The vector-quantized VAE: a grid of codes out of a learned codebook, and a prior over them.",
  paper: { title: "Neural Discrete Representation Learning", url: "https://arxiv.org/abs/1711.00937" },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae", codebook: "loss" },
  },
  check(o, given) {
    checkLikelihood(o);
    if (given) checkSizes(o, given);
  },
  terms: ({ beta, codebook }, convention): Record<string, { doc: string; weight: number }> => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    commitment: { doc: `||z - sg[e]||^2, ${OVER[convention]}`, weight: beta },
    ...(codebook === "loss" && {
      codebook: { doc: `||sg[z] - e||^2, ${OVER[convention]}`, weight: 1 },
    }),
  }),
  build(args) {
    const o = args.params;
    const [height, width, channels] = args.imageShape;
    checkLikelihood(o);
    checkSizes(o, args);
    const sizes = strideSizes(height, width, o.hidden_dims.length, true);
    const side = sizes.at(-1)!;
    const params = new Map<string, Param>();
    const scope = new Scope(params, args.rng, o.init);
    const encoder = residualEncoder(scope.at("encoder"), o, channels, o.embedding_dim);
    const codes = codebook(scope.at("vq_layer"), o);
    const decoder = residualDecoder(scope.at("decoder"), o, o.embedding_dim, channels, sizes);
    const prior = codePrior(scope.at("prior"), o.num_embeddings, side, side);
    const activate = lastActivation(o);
    const still = newPass(false); // no layer here behaves otherwise in training
    const quantize = (images: Tensor4D, ctx: Parameters<typeof codes.quantize>[1]) => {
      const z = encoder(images, still) as Tensor4D;
      return { z, ...codes.quantize(z, ctx) };
    };
    const decode = (z: Tensor) => activate(decoder(z, still) as Tensor4D);
    return {
      params,
      encode(images, ctx) {
        const { indices, codes: z } = quantize(images, ctx);
        return { posterior: { z: { kind: "codes", indices } }, z: { z } };
      },
      decode: ({ z }) => decode(z!),
      reconstruct: (images, ctx) => decode(quantize(images, ctx).codes),
      sample(count, ctx) {
        const drawn = prior.sample(count, ctx.rng.fold("prior"));
        return decode(codes.lookUp(tf.tensor(drawn, [count, side, side], "int32")));
      },
      codes: { values: o.num_embeddings, lookUp: (indices) => ({ z: codes.lookUp(indices) }) },
      fitPrior: (posteriors) => prior.fit(gridsOf(posteriors)),
      phases: onePhase(({ images }, ctx) => {
        const { z, indices, held, codes: constant, passed, counts, updates } = quantize(images, ctx);
        const logits = decoder(passed, still) as Tensor4D;
        const recons = activate(logits);
        return {
          terms: {
            reconstruction: reconstructionTerm(images, { logits, recons }, args.convention, o),
            commitment: codeDistance(z, constant, args.convention),
            ...(o.codebook === "loss" && {
              codebook: codeDistance(held, codes.lookUp(indices), args.convention),
            }),
          },
          scalars: {
            mse: meanSquaredError(images, recons),
            kl: tf.scalar(side * side * Math.log(o.num_embeddings)),
            perplexity: perplexity(counts),
            codes_used: codesUsed(counts),
          },
          updates,
        };
      }),
    };
  },
});

/** @throws ConfigError, ShapeError where the images don't fit */
function checkSizes(o: Static<typeof Params>, given: Pick<Given, "imageShape" | "imageRange">): void {
  checkImages(o, given);
  if (given.imageShape === undefined) return;
  const [height, width] = given.imageShape;
  if (o.img_size !== undefined && (o.img_size !== height || o.img_size !== width)) {
    throw new ConfigError(
      `model_params.img_size: expected ${height}, the side of the images (data_params.patch_size), got ${o.img_size}. ` +
        "Leave it out.",
    );
  }
  strideSizes(height, width, o.hidden_dims.length, true);
}

const OVER = { elbo: "summed per image", pixel_mean: "mean over elements" } as const;

/** The codes of all batches, one after the other. */
function gridsOf(posteriors: readonly Named<Posterior>[]) {
  const parts = posteriors.map(({ z }) => {
    if (z?.kind !== "codes") throw new Error("a prior over codes is fitted to codes");
    return { values: z.indices.dataSync() as Int32Array, count: z.indices.shape[0]! };
  });
  const codes = Int32Array.from(parts.flatMap(({ values }) => [...values]));
  return { codes, count: parts.reduce((sum, { count }) => sum + count, 0) };
}
