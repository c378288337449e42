import { biasAdd, padsInConvolutions } from "../backends/nn_ops.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { initBias, initWeight } from "./init.ts";
import type { Layer, Scope } from "./params.ts";
import { depthToSpace2x, replicationPad1 } from "./upsample.ts";

/**
 * A convolution [B, H, W, in] -> [B, H', W', out] with PyTorch's symmetric padding `pad` (0 where none is
 * given); weight [k, k, in, out]. TensorFlow's "same" pads a strided convolution on the other side, hence
 * the explicit padding; where that is done apart, only rows that a window reaches are added.
 */
export function conv2d(
  scope: Scope,
  inChannels: number,
  outChannels: number,
  options: { kernel: number; stride?: number; pad?: number; bias?: boolean },
): Layer {
  const { kernel, stride = 1, pad = 0, bias = true } = options;
  const { w, b } = convParams(scope, inChannels, outChannels, kernel, bias);
  return (x) => {
    const filter = w.value as unknown as Tensor4D;
    const same = stride === 1 && kernel === 2 * pad + 1;
    const inside = !same && pad > 0 && padsInConvolutions();
    const padded =
      same || pad === 0 || inside ? (x as Tensor4D) : padForStride(x as Tensor4D, kernel, stride, pad);
    const y = tf.conv2d(padded, filter, stride, inside ? explicit(pad) : same ? "same" : "valid");
    return b === undefined ? y : biasAdd(y, b.value as unknown as Tensor1D);
  };
}

function convParams(scope: Scope, inChannels: number, outChannels: number, kernel: number, bias = true) {
  const fanIn = inChannels * kernel * kernel;
  const shape = [kernel, kernel, inChannels, outChannels];
  const w = scope.declare("weight", shape, initWeight(scope.init, fanIn), { torchLayout: "OIHW" });
  const b = bias ? scope.declare("bias", [outChannels], initBias(scope.init, fanIn)) : undefined;
  return { w, b };
}

/**
 * Nearest-neighbour up-sampling by 2, replication padding by one pixel and a 3x3 convolution, [B, H, W, in] -> [B, 2H, 2W,
 * out], computed at the smaller side: each of the four pixels of a square sees two rows and two columns of x, so its
 * filter is the 3x3 one with the taps added that meet the same pixel. As many products, and no copy at the larger side.
 */
export function upsampleConv2d(scope: Scope, inChannels: number, outChannels: number): Layer {
  const { w, b } = convParams(scope, inChannels, outChannels, 3);
  return (x) => {
    const taps = tf.reshape(w.value, [9, inChannels * outChannels]);
    const added = tf.reshape(tf.matMul(tf.tensor2d(TAPS), taps), [9, 4, inChannels, outChannels]);
    const filter = tf.reshape(tf.transpose(added, [0, 2, 1, 3]), [3, 3, inChannels, 4 * outChannels]);
    const y = tf.conv2d(replicationPad1(x), filter as Tensor4D, 1, "valid");
    return biasAdd(depthToSpace2x(y), b!.value as unknown as Tensor1D);
  };
}

/** Which taps of a row of three meet the row above, the same and the row below of x, for either pixel of a pair. */
const PAIR = [
  [
    [1, 0, 0],
    [0, 1, 1],
    [0, 0, 0],
  ],
  [
    [0, 0, 0],
    [1, 1, 0],
    [0, 0, 1],
  ],
] as const;
const [ROWS, BOTH] = [[0, 1, 2] as const, [0, 1] as const];

/** The same in two dimensions, [36, 9]: by place in x and pixel of the square, which of the nine taps are added. */
const TAPS = ROWS.flatMap((row) =>
  ROWS.flatMap((column) =>
    BOTH.flatMap((y) =>
      BOTH.map((x) => ROWS.flatMap((i) => ROWS.map((j) => PAIR[y][row]![i]! * PAIR[x][column]![j]!))),
    ),
  ),
);

const explicit = (pad: number): [[0, 0], [number, number], [number, number], [0, 0]] => [
  [0, 0],
  [pad, pad],
  [pad, pad],
  [0, 0],
];

function padForStride(x: Tensor4D, kernel: number, stride: number, pad: number): Tensor4D {
  const end = (size: number) => {
    const last = Math.floor((size + 2 * pad - kernel) / stride) * stride + kernel; // rows used of the padded
    return Math.max(0, last - pad - size);
  };
  return tf.pad(x, [
    [0, 0],
    [pad, end(x.shape[1])],
    [pad, end(x.shape[2])],
    [0, 0],
  ]);
}

/**
 * A transposed convolution of stride 2, padding 1 [B, h, w, in] -> [B, size, size, out]; weight [k, k, out, in]. Of
 * `kernel` 3, `size` is 2h - 1 or 2h (PyTorch's output_padding 0 or 1), of 4 it is 2h.
 */
export function convTranspose2d(
  scope: Scope,
  inChannels: number,
  outChannels: number,
  size: number,
  kernel: 3 | 4 = 3,
): Layer {
  const fanIn = outChannels * kernel * kernel; // as torch counts it, from its [in, out, k, k]
  const w = scope.declare(
    "weight",
    [kernel, kernel, outChannels, inChannels],
    initWeight(scope.init, fanIn),
    {
      torchLayout: "IOHW",
    },
  );
  const b = scope.declare("bias", [outChannels], initBias(scope.init, fanIn));
  return (x) => {
    const [batch, h, width] = x.shape as [number, number, number, number];
    const bias = b.value as unknown as Tensor1D;
    const filter = w.value as unknown as Tensor4D;
    if (padsInConvolutions()) {
      const shape: [number, number, number, number] = [batch, size, size, outChannels];
      return biasAdd(tf.conv2dTranspose(x as Tensor4D, filter, shape, 2, explicit(1)), bias);
    }
    const whole: [number, number, number, number] = [
      batch,
      2 * h + kernel - 2,
      2 * width + kernel - 2,
      outChannels,
    ];
    const full = tf.conv2dTranspose(x as Tensor4D, filter, whole, 2, "valid");
    const image = tf.slice(full, [0, 1, 1, 0], [batch, size, size, outChannels]);
    return biasAdd(image, bias);
  };
}
