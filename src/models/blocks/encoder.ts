import { batchNorm2d } from "../../nn/batch_norm.ts";
import { conv2d } from "../../nn/conv.ts";
import { linear } from "../../nn/linear.ts";
import { type Layer, type Pass, type Scope, sequential } from "../../nn/params.ts";
import { type Tensor, type Tensor2D, type Tensor4D, tf } from "../../tf.ts";
import type { ConvOptions } from "./options.ts";

/** [B, H, W, C] -> mean and log-variance of q(z | x), [B, D] each. */
export type GaussianEncoder = (images: Tensor4D, pass: Pass) => { mean: Tensor2D; logVar: Tensor2D };

/**
 * PyTorch-VAE's encoder: for each width a convolution of stride 2, batch norm and LeakyReLU, then a dense
 * layer each for mean and log-variance. `sizes` are `strideSizes` of the image.
 */
export function convEncoder(
  scope: Scope,
  o: ConvOptions,
  channels: number,
  sizes: number[],
): GaussianEncoder {
  const blocks: Layer[] = o.hidden_dims.map((width, i) => {
    const at = scope.at(`encoder.${i}`);
    const inputs = i === 0 ? channels : o.hidden_dims[i - 1]!;
    return sequential(
      conv2d(at.at("0"), inputs, width, { kernel: o.encoder_kernel, stride: 2, pad: 1 }),
      batchNorm2d(at.at("1"), width, o.batch_norm_eps, o.leaky_slope),
    );
  });
  const flat = o.hidden_dims.at(-1)! * sizes.at(-1)! ** 2;
  const body = sequential(...blocks, flattenChannelsFirst);
  const mean = linear(scope.at("fc_mu"), flat, o.latent_dim);
  const logVar = linear(scope.at("fc_var"), flat, o.latent_dim);
  return (images, pass) => {
    const h = body(images, pass);
    return { mean: mean(h, pass) as Tensor2D, logVar: logVar(h, pass) as Tensor2D };
  };
}

/** [B, h, w, C] -> [B, C h w] in PyTorch's order, so that dense weights are its own. */
function flattenChannelsFirst(x: Tensor): Tensor {
  return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0]!, -1]);
}
