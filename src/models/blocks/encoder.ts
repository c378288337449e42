import type { Range } from "../../nn/at_least.ts";
import { conv2d } from "../../nn/conv.ts";
import { linear } from "../../nn/linear.ts";
import { type Layer, type Pass, type Scope, sequential } from "../../nn/params.ts";
import { type Tensor, type Tensor4D, tf } from "../../tf.ts";
import { type Gaussian, gaussianHead } from "./gaussian_head.ts";
import { normActivation } from "./norm_activation.ts";
import type { ConvBodyOptions, ConvOptions } from "./options.ts";

/** [B, H, W, C] -> what a posterior's dense layers take, [B, width]. */
export interface Features {
  readonly width: number;
  readonly layer: Layer;
}

/** [B, H, W, C] -> mean and log-variance of q(z | x), [B, D] each. */
export type GaussianEncoder = (images: Tensor4D, pass: Pass) => Gaussian;

/**
 * PyTorch-VAE's block of an encoder: a convolution of stride 2, batch norm and LeakyReLU, [B, H, W, inputs] -> [B, h, w,
 * width].
 */
export const convBlock = (at: Scope, o: ConvBodyOptions, inputs: number, width: number): Layer =>
  sequential(
    conv2d(at.at("0"), inputs, width, { kernel: o.encoder_kernel, stride: 2, pad: 1 }),
    normActivation(at.at("1"), width, o.batch_norm_eps, o),
  );

/**
 * PyTorch-VAE's encoder up to what it tells of z: for each width a block, then, with `encoder_dense`, a dense layer. `sizes`
 * are `strideSizes` of the image; `name` is the place of the blocks.
 */
export function convFeatures(
  scope: Scope,
  o: ConvBodyOptions,
  channels: number,
  sizes: number[],
  name = "encoder",
): Features {
  const blocks = o.hidden_dims.map((width, i) =>
    convBlock(scope.at(`${name}.${i}`), o, i === 0 ? channels : o.hidden_dims[i - 1]!, width),
  );
  const flat = o.hidden_dims.at(-1)! * sizes.at(-1)! ** 2;
  const body = sequential(...blocks, flattenChannelsFirst);
  if (o.encoder_dense === undefined) return { width: flat, layer: body };
  return {
    width: o.encoder_dense,
    layer: sequential(body, linear(scope.at("fc"), flat, o.encoder_dense)),
  };
}

/** `convFeatures`, then a dense layer each for mean and log-variance. */
export function convEncoder(
  scope: Scope,
  o: ConvOptions,
  channels: number,
  sizes: number[],
  range?: Range,
): GaussianEncoder {
  const { width, layer } = convFeatures(scope, o, channels, sizes);
  const head = gaussianHead(scope, ["fc_mu", "fc_var"], width, o.latent_dim, range);
  return (images, pass) => head(layer(images, pass), pass);
}

/** [B, h, w, C] -> [B, C h w] in PyTorch's order, so that dense weights are its own. */
export function flattenChannelsFirst(x: Tensor): Tensor {
  return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0]!, -1]);
}
