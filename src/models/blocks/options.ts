import { type Static, Type } from "typebox";
import { oneOf } from "../../one_of.ts";

/** Keys of `model_params` of every model on the convolutional encoder and decoder. Defaults: PyTorch-VAE's. */
export const ConvOptions = {
  in_channels: Type.Optional(
    Type.Integer({ minimum: 1, description: "Channels of the images; default: those of the data." }),
  ),
  latent_dim: Type.Integer({ minimum: 1, default: 128, description: "Dimensions of the latent space." }),
  hidden_dims: Type.Array(Type.Integer({ minimum: 1 }), {
    minItems: 1,
    maxItems: 8,
    default: [32, 64, 128, 256, 512],
    description: "Channels after each stride-2 layer of the encoder; the decoder mirrors them.",
  }),
  encoder_kernel: Type.Unsafe<3 | 4>({
    type: "integer",
    enum: [3, 4],
    default: 3,
    description: "Kernel of the encoder's convolutions: 3 (PyTorch-VAE) or 4 (the DFC-VAE paper).",
  }),
  encoder_dense: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        "Width of a dense layer without activation before mean and log-variance (PyTorch-VAE's BetaTCVAE: 256); default: none.",
    }),
  ),
  decoder: oneOf(["transposed", "upsample"], {
    default: "transposed",
    description:
      "transposed: transposed convolutions (PyTorch-VAE); upsample: nearest up-sampling, replication padding and convolution (the DFC-VAE paper).",
  }),
  leaky_slope: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.01,
    description: "Slope of LeakyReLU below 0.",
  }),
  batch_norm: Type.Boolean({
    default: true,
    description: "Batch norm after each convolution but the last (PyTorch-VAE's BetaTCVAE has none).",
  }),
  batch_norm_eps: Type.Number({ exclusiveMinimum: 0, default: 1e-5, description: "Epsilon of batch norm." }),
  decoder_batch_norm_eps: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: "Epsilon of the decoder's batch norm (the DFC-VAE paper: 0.001); default: batch_norm_eps.",
    }),
  ),
  init: oneOf(["pytorch", "normal"], {
    default: "pytorch",
    description: "Initial weights: pytorch (uniform by fan-in) or normal (N(0, 0.02), the DFC-VAE paper).",
  }),
  output: oneOf(["sigmoid", "tanh", "linear", "pytorch_vae"], {
    default: "sigmoid",
    description:
      "Last activation. tanh reaches [-1, 1] and wants data_params.image_range: signed; pytorch_vae is a tanh against images in [0, 1], as in PyTorch-VAE and its checkpoints.",
  }),
} as const;

const Shape = Type.Object(ConvOptions);
export type ConvOptions = Static<typeof Shape>;
/** Those of models whose latents are not one vector of `latent_dim`. */
export type ConvBodyOptions = Omit<ConvOptions, "latent_dim">;

/** Epsilon of the decoder's batch norm. */
export const decoderEps = (o: Pick<ConvOptions, "batch_norm_eps" | "decoder_batch_norm_eps">): number =>
  o.decoder_batch_norm_eps ?? o.batch_norm_eps;
