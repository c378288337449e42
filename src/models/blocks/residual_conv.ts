import { conv2d, convTranspose2d } from "../../nn/conv.ts";
import { type Layer, leakyRelu, type Scope, sequential } from "../../nn/params.ts";
import { tf } from "../../tf.ts";

export interface ResidualOptions {
  /** Channels after each layer of stride 2. */
  readonly hidden_dims: readonly number[];
  readonly residual_layers: number;
  readonly leaky_slope: number;
}

/** x + conv 1x1(relu(conv 3x3(x))), no biases: PyTorch-VAE's, for arXiv 1711.00937, 4.1. */
function residual(scope: Scope, channels: number): Layer {
  const body = sequential(
    conv2d(scope.at("resblock.0"), channels, channels, { kernel: 3, pad: 1, bias: false }),
    tf.relu,
    conv2d(scope.at("resblock.2"), channels, channels, { kernel: 1, bias: false }),
  );
  return (x, pass) => tf.add(x, body(x, pass));
}

const residuals = (s: Scope, o: ResidualOptions, from: number, channels: number): Layer[] =>
  Array.from({ length: o.residual_layers }, (_, i) => residual(s.at(`${from + i}`), channels));

/**
 * PyTorch-VAE's encoder of images to a grid of vectors, [B, H, W, C] -> [B, h, w, `outputs`]: 4x4 convolutions of stride 2,
 * a 3x3 one, residual layers and a 1x1 one, LeakyReLU behind each.
 */
export function residualEncoder(s: Scope, o: ResidualOptions, channels: number, outputs: number): Layer {
  const act = leakyRelu(o.leaky_slope);
  const { length } = o.hidden_dims;
  const last = o.hidden_dims.at(-1)!;
  const down = o.hidden_dims.map((width, i) => {
    const inputs = i === 0 ? channels : o.hidden_dims[i - 1]!;
    return sequential(conv2d(s.at(`${i}.0`), inputs, width, { kernel: 4, stride: 2, pad: 1 }), act);
  });
  return sequential(
    ...down,
    conv2d(s.at(`${length}.0`), last, last, { kernel: 3, pad: 1 }),
    act,
    ...residuals(s, o, length + 1, last),
    act,
    conv2d(s.at(`${length + o.residual_layers + 2}.0`), last, outputs, { kernel: 1 }),
    act,
  );
}

/**
 * Its decoder, [B, h, w, `inputs`] -> [B, H, W, C] before the last activation: a 3x3 convolution, residual layers and 4x4
 * transposed convolutions of stride 2. `sizes` are `strideSizes` of the image.
 */
export function residualDecoder(
  s: Scope,
  o: ResidualOptions,
  inputs: number,
  channels: number,
  sizes: readonly number[],
): Layer {
  const act = leakyRelu(o.leaky_slope);
  const widths = [...o.hidden_dims].reverse();
  const sides = [...sizes].reverse();
  const first = o.residual_layers + 2;
  const up = widths.flatMap((width, i) => {
    const [outputs, at] = [widths[i + 1] ?? channels, first + i];
    const last = i === widths.length - 1;
    const layer = convTranspose2d(s.at(`${at}.0`), width, outputs, sides[i + 1]!, 4);
    return last ? [layer] : [layer, act];
  });
  return sequential(
    conv2d(s.at("0.0"), inputs, widths[0]!, { kernel: 3, pad: 1 }),
    act,
    ...residuals(s, o, 1, widths[0]!),
    act,
    ...up,
  );
}
