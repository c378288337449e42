import { conv2d, convTranspose2d, upsampleConv2d } from "../../nn/conv.ts";
import { linear } from "../../nn/linear.ts";
import { type Layer, type Pass, type Scope, sequential } from "../../nn/params.ts";
import { type Tensor, type Tensor4D, tf } from "../../tf.ts";
import { normActivation } from "./norm_activation.ts";
import { type ConvBodyOptions, type ConvOptions, decoderEps } from "./options.ts";

/** [B, D] -> images [B, H, W, C] before the last activation. */
export type Decoder = (z: Tensor, pass: Pass) => Tensor4D;

/** The decoder that `options.decoder` names. `sizes` are `strideSizes` of the image; `first` is its dense layer's name. */
export function convDecoder(
  scope: Scope,
  o: ConvOptions,
  channels: number,
  sizes: number[],
  first = "decoder_input",
): Decoder {
  const input = linear(scope.at(first), o.latent_dim, decoderInputs(o, sizes));
  const body = convDecoderBody(scope, o, channels, sizes);
  return (z, pass) => body(input(z, pass), pass);
}

/** Numbers that `convDecoderBody` takes of an image. */
export const decoderInputs = (o: ConvBodyOptions, sizes: number[]): number =>
  o.hidden_dims.at(-1)! * sizes.at(-1)! ** 2;

/** The decoder after its first dense layer: [B, `decoderInputs`] -> images before the last activation. */
export function convDecoderBody(
  scope: Scope,
  o: ConvBodyOptions,
  channels: number,
  sizes: number[],
): Decoder {
  const widths = [...o.hidden_dims].reverse();
  const sides = [...sizes].reverse();
  const unflatten: Layer = (h) =>
    tf.transpose(tf.reshape(h, [h.shape[0]!, widths[0]!, sides[0]!, sides[0]!]), [0, 2, 3, 1]);
  const build = o.decoder === "transposed" ? transposedBlocks : upsampleBlocks;
  const body = sequential(unflatten, ...build(scope, o, channels, widths, sides));
  return (h, pass) => body(h, pass) as Tensor4D;
}

/** PyTorch-VAE's: transposed convolutions up to the image's side, then a 3x3 convolution to its channels. */
function transposedBlocks(
  s: Scope,
  o: ConvBodyOptions,
  channels: number,
  widths: number[],
  sides: number[],
): Layer[] {
  const up = (at: Scope, inputs: number, outputs: number, side: number) =>
    sequential(
      convTranspose2d(at.at("0"), inputs, outputs, side),
      normActivation(at.at("1"), outputs, decoderEps(o), o),
    );
  const blocks = widths
    .slice(1)
    .map((width, i) => up(s.at(`decoder.${i}`), widths[i]!, width, sides[i + 1]!));
  const last = widths.at(-1)!;
  const final = s.at("final_layer");
  const place = o.batch_norm === false ? "2" : "3"; // in PyTorch-VAE's list of layers
  return [
    ...blocks,
    up(final, last, last, sides.at(-1)!),
    conv2d(final.at(place), last, channels, { kernel: 3, pad: 1 }),
  ];
}

/**
 * The DFC-VAE paper's (arXiv 1610.00291, 3.1): four times nearest up-sampling, replication padding and a 3x3
 * convolution; batch norm and LeakyReLU after all but the last.
 */
function upsampleBlocks(s: Scope, o: ConvBodyOptions, channels: number, widths: number[]): Layer[] {
  const outputs = [...widths.slice(1), channels];
  return outputs.map((width, i) => {
    const at = s.at(`decoder.${i}`);
    const resized = upsampleConv2d(at.at("0"), widths[i]!, width);
    if (i === outputs.length - 1) return resized;
    return sequential(resized, normActivation(at.at("1"), width, decoderEps(o), o));
  });
}
