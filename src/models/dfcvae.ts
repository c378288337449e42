import { Type } from "typebox";
import { ConfigError } from "../errors.ts";
import { MODEL_KEYS } from "../features/keys.ts";
import { loadFrozenNetwork } from "../features/load_network.ts";
import { FeatureNetworkSchema } from "../features/schema.ts";
import { selectLayers } from "../features/select_layers.ts";
import { checkFeatureImages, checkFeatureNetwork, completeSpec } from "../features/spec.ts";
import { randomCrops } from "../nn/crop.ts";
import { type Scalar, type Tensor4D, tf } from "../tf.ts";
import { LikelihoodOptions, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE, type GaussianPass, onePhaseGaussianVAE } from "./gaussian.ts";
import { featureLosses, sumOf } from "./losses/features.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import type { Batch, Ctx } from "./vae.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  alpha: Type.Number({ minimum: 0, default: 1, description: "Weight of the KL term." }),
  beta: Type.Number({
    minimum: 0,
    default: 0.5,
    description: "Weight of the feature term (pixel_mean: and of the pixels).",
  }),
  feature_network: FeatureNetworkSchema,
  feature_layers: Type.Optional(
    Type.Array(Type.Union([Type.String(), Type.Integer({ minimum: 0 })]), {
      minItems: 1,
      description:
        "Layers compared, by torchvision's index or by name (relu3_1); default: the network's own choice.",
    }),
  ),
  feature_crop: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        "Side in pixels of the square that the network sees of an image and its reconstruction in training, at the same place of both, drawn anew for each image and step; default: the whole image.",
    }),
  ),
});

type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * The shape of what the network sees in training, and the key that sets its side.
 *
 * @throws ConfigError where the crop is larger than the images
 */
function seenByNetwork(crop: number | undefined, imageShape: ImageShape) {
  if (crop === undefined) return { imageShape, keys: MODEL_KEYS };
  const [height, width, channels] = imageShape;
  if (crop > Math.min(height, width))
    throw new ConfigError(
      `model_params.feature_crop: expected at most ${Math.min(height, width)}, the side of the images, got ${crop}. ` +
        "Lower it, or leave it out for whole images.",
    );
  return {
    imageShape: [crop, crop, channels] as const,
    keys: { ...MODEL_KEYS, side: "model_params.feature_crop" },
  };
}

/**
 * The deep feature consistent VAE: images are compared by the feature maps of a frozen network. Under
 * `elbo` as in the paper, alpha KL + beta sum_l L_l with L_l = 1/(2 C H W) sum (phi_l(x) - phi_l(x_hat))^2;
 * under `pixel_mean` as in PyTorch-VAE, alpha kld_weight KL + beta (MSE of pixels + sum_l MSE of features).
 */
export default defineModel({
  name: "DFCVAE",
  summary: "The deep feature consistent VAE: reconstruction by the feature maps of a frozen network.",
  paper: {
    title: "Deep Feature Consistent Variational Autoencoder",
    url: "https://arxiv.org/abs/1610.00291",
  },
  params: Params,
  pytorchVae: {
    values: {
      output: "pytorch_vae",
      feature_network: { name: "vgg19_bn", weights: "torchvision", normalize: "none" },
      feature_layers: [14, 24, 34, 43],
    },
    otherwise: [
      "its frozen network normalizes by the statistics of each batch, for Lightning puts it in training mode",
    ],
    stored: { prefix: "feature_network.", what: "a stored classifier" },
    config: "configs/dfcvae_pytorch_vae.yaml",
  },
  complete: (o) => ({
    ...completeConvVAE(o),
    feature_network: completeSpec(o.feature_network),
    feature_layers: o.feature_layers ?? [...checkFeatureNetwork(o.feature_network).defaultLayers],
  }),
  check(o, given) {
    checkGaussianVAE(o, given);
    const network = checkFeatureNetwork(o.feature_network);
    const selected = selectLayers(network, o.feature_layers ?? network.defaultLayers);
    if (given?.imageShape === undefined) return;
    const seen = seenByNetwork(o.feature_crop, given.imageShape);
    checkFeatureImages(network, selected, seen.imageShape, seen.keys);
  },
  terms: ({ alpha, beta }, convention) => ({
    reconstruction: {
      doc:
        convention === "elbo"
          ? "-log p(x | z), nats per image (off by default, as in the paper)"
          : "mean squared error per element",
      weight: convention === "elbo" ? 0 : beta,
    },
    features: {
      doc:
        convention === "elbo" ? "sum over layers of L_l" : "sum over layers of the mean squared error, 2 L_l",
      weight: beta,
    },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: alpha },
  }),
  async build(args) {
    const o = args.params;
    const { feature_crop: crop } = o;
    const network = await loadFrozenNetwork(o.feature_network, o.feature_layers, {
      ...args,
      ...seenByNetwork(crop, args.imageShape),
    });
    const [low, high] = args.imageRange;
    const unit = (x: Tensor4D): Tensor4D =>
      low === 0 && high === 1 ? x : tf.div(tf.sub(x, low), high - low);
    const precompute = (images: Tensor4D) => network.constants(unit(images));
    const layerScale = args.convention === "elbo" ? 1 : 2;
    const compare = (pass: GaussianPass, { images, precomputed }: Batch, ctx: Ctx) => {
      const cut =
        crop !== undefined && ctx.training
          ? randomCrops(ctx.rng.fold("feature_crop").perImage(), images.shape, crop)
          : (x: Tensor4D) => x;
      const target = precomputed ?? precompute(cut(images));
      const byLayer = featureLosses(target, network.features(unit(cut(pass.recons))));
      const logged = Object.entries(byLayer).map(([layer, loss]) => [`features_${layer}`, loss] as const);
      return {
        terms: { features: tf.mul<Scalar>(layerScale, sumOf(byLayer)) },
        scalars: Object.fromEntries(logged),
      };
    };
    const vae = onePhaseGaussianVAE(args, (pass, batch, ctx) => {
      const { terms, scalars } = ctx.idle.has("features") ? {} : compare(pass, batch, ctx);
      return {
        terms: {
          reconstruction: reconstructionTerm(batch.images, pass, args.convention, o),
          ...terms,
          kl: klToUnitGaussian(pass.mean, pass.logVar),
        },
        ...(scalars && { scalars }),
      };
    });
    return { ...vae, ...(crop === undefined && { precompute }), dispose: () => network.dispose() };
  },
});
