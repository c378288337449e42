import { biasAdd } from "../backends/nn_ops.ts";
import { initBias, initWeight } from "../nn/init.ts";
import type { Scope } from "../nn/params.ts";
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../tf.ts";

export interface CausalOptions {
  /** Codes that there are, K. */
  readonly values: number;
  /** Gated layers. */
  readonly layers: number;
  /** Channels, C. */
  readonly width: number;
}

/**
 * A network that gives each place of a grid the probabilities of its code, of the codes before it, row by row: two stacks of
 * gated convolutions, one that sees the rows above, one that sees what is to the left (van den Oord et al., "Conditional
 * image generation with PixelCNN decoders", arXiv 1606.05328, 2.1 and 2.2, figure 2; here both stacks are residual).
 */
export interface CausalNet {
  /** What each row knows of the rows above it, by layer: [B, h, w, C] each, of codes [B, h, w], int32. */
  above(codes: Tensor): Tensor4D[];
  /** log-odds of each place's code, [B, h, w, K], of codes and of `above` of these rows. */
  logits(codes: Tensor, above: readonly Tensor4D[]): Tensor4D;
  /** So many rows above one are all that it depends on. */
  readonly reach: number;
}

/** Rows and columns that the first layer sees. */
const FIRST = 3;

export function causalConvolutions(scope: Scope, { values, layers, width }: CausalOptions): CausalNet {
  const embedding = scope.declare("embedding", [values, width], initWeight("normal", values));
  const first = {
    above: convolution(scope.at("first.above"), [FIRST, 2 * FIRST - 1], width, width),
    left: convolution(scope.at("first.left"), [1, FIRST], width, width),
    link: convolution(scope.at("first.link"), [1, 1], width, width),
  };
  const gated = Array.from({ length: layers }, (_, i) => {
    const at = scope.at(`${i}`);
    return {
      above: convolution(at.at("above"), [2, 3], width, 2 * width),
      left: convolution(at.at("left"), [1, 2], width, 2 * width),
      link: convolution(at.at("link"), [1, 1], width, 2 * width),
      out: convolution(at.at("out"), [1, 1], width, width),
    };
  });
  const hidden = convolution(scope.at("hidden"), [1, 1], width, 2 * width);
  const last = convolution(scope.at("logits"), [1, 1], 2 * width, values);

  /** Their vectors, by a product with one-hot rows: the gradient of a look-up is slow on most backends. */
  const embed = (codes: Tensor): Tensor4D => {
    const rows = tf.oneHot(tf.reshape(codes, [codes.size]) as Tensor1D, values, 1, 0, "float32");
    const vectors = tf.matMul(rows as Tensor2D, embedding.value as unknown as Tensor2D);
    const [batch, height, columns] = codes.shape as [number, number, number];
    return tf.reshape(vectors, [batch, height, columns, width]);
  };

  return {
    reach: FIRST + layers,
    above(codes) {
      const [, height] = codes.shape as [number, number, number];
      // One row more above and the last one left out: a row knows those before it, and not itself.
      const padded = pad(embed(codes), FIRST, FIRST - 1, FIRST - 1);
      let v = tf.slice(first.above(padded), [0, 0, 0, 0], [-1, height, -1, -1]);
      const found = [v];
      for (const { above } of gated) {
        v = tf.add(v, gate(above(pad(v, 1, 1, 1))));
        found.push(v);
      }
      return found;
    },
    logits(codes, above) {
      const [, , columns] = codes.shape as [number, number, number];
      const before = first.left(pad(embed(codes), 0, FIRST, 0));
      let h: Tensor4D = tf.add(tf.slice(before, [0, 0, 0, 0], [-1, -1, columns, -1]), first.link(above[0]!));
      gated.forEach(({ left, link, out }, i) => {
        h = tf.add(h, out(gate(tf.add(left(pad(h, 0, 1, 0)), link(above[i + 1]!)))));
      });
      return last(tf.relu(hidden(tf.relu(h))));
    },
  };
}

/** tanh of one half of the channels times sigmoid of the other (eq. 2 there). */
function gate(x: Tensor4D): Tensor4D {
  const [a, b] = tf.split(x, 2, 3) as [Tensor4D, Tensor4D];
  return tf.mul(tf.tanh(a), tf.sigmoid(b));
}

const pad = (x: Tensor4D, above: number, left: number, right: number): Tensor4D =>
  tf.pad(x, [
    [0, 0],
    [above, 0],
    [left, right],
    [0, 0],
  ]);

/** A convolution that pads nothing. */
function convolution(scope: Scope, [height, width]: [number, number], inputs: number, outputs: number) {
  const fanIn = height * width * inputs;
  const weight = scope.declare("weight", [height, width, inputs, outputs], initWeight("pytorch", fanIn));
  const bias = scope.declare("bias", [outputs], initBias("pytorch", fanIn));
  return (x: Tensor4D): Tensor4D =>
    biasAdd(
      tf.conv2d(x, weight.value as unknown as Tensor4D, 1, "valid"),
      bias.value as unknown as Tensor1D,
    ) as Tensor4D;
}
