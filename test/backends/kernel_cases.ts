import { batchNormTraining } from "../../src/backends/batch_norm_training.ts";
import { biasAdd, meanSquaredError, reluGrad } from "../../src/backends/nn_ops.ts";
import { frozenConv } from "../../src/features/frozen_conv.ts";
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";

import {
  at,
  type Draw,
  type KernelCase,
  make,
  normal,
  positive,
  rng,
  size,
  spread,
  text,
} from "./kernel_case.ts";

/** Batch 1, one channel, prime sizes, one pixel, scalars. */
const SHAPES = [[3, 5, 7, 2], [1, 7, 5, 1], [2, 1, 1, 3], [1, 1, 1, 1], [13, 11], [1, 1], [17], []];
const PAIRS = [
  [[2, 5, 3, 4], [4]], // a bias
  [[4], [2, 5, 3, 4]],
  [[2, 7, 5, 1], [3]], // one channel becomes three
  [[13, 11], [11]],
  [[1, 3], [3]],
  [[], [3, 5, 7, 2]],
  [[3, 5, 7, 2], []],
  [
    [1, 7, 5, 1],
    [1, 7, 5, 1],
  ],
  [[], []],
] as number[][][];

const unary = (
  f: (x: Tensor) => Tensor,
  gradient: KernelCase["gradient"] = "smooth",
  draw: Draw = normal,
  shapes = SHAPES,
) => shapes.map((s) => make(text([s]), [s], f, gradient, draw));

const binary = (
  f: (a: Tensor, b: Tensor) => Tensor,
  gradient: KernelCase["gradient"] = "smooth",
  draw: Draw | Draw[] = normal,
) => PAIRS.map((p) => make(text(p), p, f, gradient, draw));

const FAR = [-1e30, -200, -88, -20, -1e-8, 0, 1e-8, 20, 88, 200, 1e30];
const UNDEFINED = [Number.NaN, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** [images, filter, stride, padding]. */
const CONVS: [number[], number[], number, "same" | "valid"][] = [
  [[2, 7, 5, 3], [3, 3, 3, 4], 1, "same"],
  [[1, 7, 11, 1], [3, 3, 1, 1], 2, "valid"],
  [[3, 9, 9, 2], [3, 3, 2, 5], 2, "valid"],
  [[1, 10, 10, 2], [4, 4, 2, 3], 2, "valid"],
  [[1, 13, 11, 3], [7, 7, 3, 2], 2, "valid"],
  [[2, 5, 3, 4], [1, 1, 4, 3], 1, "valid"],
  [[1, 1, 1, 1], [1, 1, 1, 1], 1, "same"],
  [[1, 3, 3, 1], [3, 3, 1, 1], 1, "valid"],
];
const convs = (
  make: (x: number[], w: number[], stride: number, pad: "same" | "valid") => KernelCase,
): KernelCase[] => CONVS.map((c) => make(...c));
const convTitle = (x: number[], w: number[], stride: number, pad: string) =>
  `${text([x, w])} stride ${stride} ${pad}`;
const convOf = convs((x, w, stride, pad) =>
  make(convTitle(x, w, stride, pad), [x, w], (a: Tensor4D, b: Tensor4D) => tf.conv2d(a, b, stride, pad)),
);

/** [x, filter [k, k, out, in], side of the output]: 2h + 1 as the decoder asks, and others. */
const TRANSPOSED: [number[], number[], number, number, "same" | "valid"][] = [
  [[2, 3, 3, 4], [3, 3, 2, 4], 7, 2, "valid"],
  [[1, 1, 1, 1], [3, 3, 1, 1], 3, 2, "valid"],
  [[1, 5, 5, 3], [3, 3, 1, 3], 11, 2, "valid"],
  [[3, 7, 7, 2], [3, 3, 5, 2], 7, 1, "same"],
];
const transposed = TRANSPOSED.map(([x, w, side, stride, pad]) => {
  const shape: [number, number, number, number] = [x[0]!, side, side, w[2]!];
  const f = (a: Tensor4D, b: Tensor4D) => tf.conv2dTranspose(a, b, shape, stride, pad);
  return make(`transposed ${convTitle(x, w, stride, pad)} to ${side}`, [x, w], f);
});

const frozen = (relu: boolean) =>
  convs((x, w, stride, pad) => {
    const filter = rng.fold("filter").normalArray(size(w));
    const bias = rng.fold("bias").normalArray(w[3]!);
    const f = (a: Tensor4D) => {
      const filterShape = w as [number, number, number, number];
      return frozenConv({ filter, filterShape, bias, stride, pad, border: 0, relu }).apply(a);
    };
    const title = `${convTitle(x, w, stride, pad)}${relu ? " relu" : ""}`;
    return make(title, [x], f, relu ? "kinked" : "smooth");
  });

const pools = (shapes: number[][]) =>
  shapes.flatMap((s) =>
    [2, 3]
      .filter((window) => Math.min(s[1]!, s[2]!) >= window)
      .map((window) => {
        const f = (x: Tensor4D) => tf.maxPool(x, window, 2, "valid");
        return make(`${text([s])} window ${window}`, [s], f, "smooth", spread);
      }),
  );
const tied = make(
  "equal values, as after a relu",
  [[2, 6, 4, 3]],
  (x: Tensor4D) => tf.maxPool(tf.relu(x), 2, 2, "valid"),
  "kinked",
);
const maxPools = [
  ...pools([
    [2, 7, 5, 3],
    [1, 4, 4, 1],
    [1, 3, 3, 2],
    [3, 11, 13, 2],
  ]),
  tied,
];

/** x, scale, offset; the batch's variance is far above epsilon but where there is one value a channel. */
const NORMS: [number[], number][] = [
  [[3, 5, 7, 2], 1e-5],
  [[1, 7, 5, 1], 1e-3],
  [[7, 1, 1, 3], 1e-5],
  [[2, 1, 1, 5], 1e-3],
];
const withChannels = (s: number[]) => [s, [s[3]!], [s[3]!]];
const normed = (pick: "y" | "mean" | "variance") => (epsilon: number) => (x: Tensor, g: Tensor, b: Tensor) =>
  batchNormTraining(x as Tensor4D, g as Tensor1D, b as Tensor1D, epsilon)[pick];
const batchNorms = [
  ...NORMS.flatMap(([s, epsilon]) => [
    make(`y of ${text([s])} epsilon ${epsilon}`, withChannels(s), normed("y")(epsilon)),
    make(`mean of ${text([s])}`, withChannels(s), normed("mean")(epsilon), "none"),
    make(`variance of ${text([s])}`, withChannels(s), normed("variance")(epsilon), "none"),
  ]),
  make(
    "with a LeakyReLU behind it",
    withChannels([3, 5, 7, 2]),
    (x: Tensor, g: Tensor, b: Tensor) =>
      batchNormTraining(x as Tensor4D, g as Tensor1D, b as Tensor1D, 1e-3, 0.01).y,
    "kinked",
  ),
  // With a single value the true gradient by x is 0, and any float32 noise is divided by sqrt(epsilon).
  make("y of a single value", withChannels([1, 1, 1, 3]), normed("y")(1e-3)),
  make("mean of a single value", withChannels([1, 1, 1, 3]), normed("mean")(1e-3), "none"),
  make("variance of a single value", withChannels([1, 1, 1, 3]), normed("variance")(1e-3), "none"),
  make(
    "values far from 0",
    withChannels([4, 5, 5, 2]),
    (x, g, b) => normed("y")(1e-5)(tf.add(x, 100), g, b),
    "none",
  ),
];

const axes = (
  f: (x: Tensor, axis: number[], keep: boolean) => Tensor,
  gradient: KernelCase["gradient"] = "smooth",
  draw: Draw = normal,
) =>
  [
    [[3, 5, 7, 2], [0, 1, 2], false],
    [[3, 5, 7, 2], [1, 2, 3], true],
    [[1, 7, 5, 1], [0, 1, 2, 3], false],
    [[13, 11], [1], false],
    [[13, 11], [0], true],
    [[1, 1], [1], false],
    [[17], [0], false],
  ].map(([s, axis, keep]) => {
    const title = `${text([s as number[]])} over ${axis}${keep ? ", kept" : ""}`;
    return make(
      title,
      [s as number[]],
      (x: Tensor) => f(x, axis as number[], keep as boolean),
      gradient,
      draw,
    );
  });

const concats = [
  ...[1, 2, 3].map((axis) =>
    make(
      `axis ${axis}`,
      [
        [2, 3, 5, 1],
        [2, 3, 5, 1],
      ],
      (a: Tensor4D, b: Tensor4D) => tf.concat([a, b], axis),
    ),
  ),
  make(
    "of unequal parts",
    [
      [1, 3, 1, 2],
      [1, 3, 5, 2],
      [1, 3, 1, 2],
    ],
    (...x: Tensor4D[]) => tf.concat(x, 2),
  ),
  make("the same tensor twice", [[6, 1, 3]], (x: Tensor) => tf.concat([x, x], 1)),
];

const biases = [
  [3, 5, 7, 2],
  [1, 7, 5, 1],
  [1, 1, 1, 1],
  [13, 11],
  [1, 3],
].map((shape) =>
  make(text([shape]), [shape, [shape.at(-1)!]], (x: Tensor, bias: Tensor1D) => biasAdd(x, bias)),
);

const leakyRelus = [0.01, 0.2, 0, 1].flatMap((slope) =>
  SHAPES.map((shape) =>
    make(`${text([shape])} slope ${slope}`, [shape], (x: Tensor) => tf.leakyRelu(x, slope), "smooth", spread),
  ),
);

const mask = (shape: number[]) => tf.greater(rng.fold("mask").uniform(shape), 0.4);

/** Cases of each kernel, by its name; each runs it, forward or in its gradient. */
const ints = (values: number[]) => tf.tensor1d(values, "int32");

export const KERNEL_CASES: Readonly<Record<string, readonly KernelCase[]>> = {
  Abs: unary(tf.abs, "smooth", spread),
  Add: binary(tf.add),
  AddN: [1, 2, 5].map((n) =>
    make(`${n} scalars`, Array<number[]>(n).fill([]), (...x: Tensor[]) => tf.addN(x), "none"),
  ),
  ArgMin: [
    ...[[13, 11], [3, 5, 7], [5, 1], [9]].map((s) =>
      make(text([s]), [s], (x: Tensor) => tf.argMin(x, -1), "none"),
    ),
    at("the first of equals, undefined values", [3, 1, 2, 1, ...UNDEFINED.slice(1)], (x) => tf.argMin(x)),
  ],
  BatchMatMul: [
    make(
      "[13,7] [7,5]",
      [
        [13, 7],
        [7, 5],
      ],
      (a: Tensor2D, b: Tensor2D) => tf.matMul(a, b),
    ),
    make(
      "[1,1] [1,1]",
      [
        [1, 1],
        [1, 1],
      ],
      (a: Tensor2D, b: Tensor2D) => tf.matMul(a, b),
    ),
    make(
      "[1,11] [11,1]",
      [
        [1, 11],
        [11, 1],
      ],
      (a: Tensor2D, b: Tensor2D) => tf.matMul(a, b),
    ),
    make(
      "both transposed",
      [
        [7, 3],
        [5, 7],
      ],
      (a: Tensor2D, b: Tensor2D) => tf.matMul(a, b, true, true),
    ),
  ],
  BatchNormTraining: batchNorms,
  BatchNormTrainingGrad: batchNorms.filter((c) => c.gradient !== "none"),
  BiasAdd: biases,
  BiasAddGrad: biases,
  Cast: [
    at("float32 to int32", [-2.7, -1, 0, 0.9, 2.5], (x) => tf.cast(x, "int32")),
    at("float32 to bool", [-2.7, 0, 0.9], (x) => tf.cast(x, "bool")),
    at("bool to float32", [-2.7, 0, 0.9], (x) => tf.cast(tf.greater(x, 0), "float32")),
    at("int32 to float32", [-2, 0, 7], (x) => tf.cast(tf.cast(x, "int32"), "float32")),
  ],
  Concat: concats,
  Conv2D: convOf,
  Conv2DBackpropFilter: convOf,
  Conv2DBackpropInput: [...convOf, ...transposed],
  Exp: [...unary(tf.exp), at("far values", FAR, tf.exp)],
  Fill: [
    at("float32", [], () => tf.fill([2, 3, 5], 0.25)),
    at("a scalar", [], () => tf.fill([], -1)),
    at("int32", [], () => tf.fill([7], 3, "int32")),
    at("empty", [], () => tf.fill([0, 3], 1)),
  ],
  FusedBatchNorm: NORMS.map(([s, epsilon]) =>
    make(
      `${text([s])} epsilon ${epsilon}`,
      [s, ...Array<number[]>(4).fill([s[3]!])],
      (x: Tensor4D, mean: Tensor1D, variance: Tensor1D, offset: Tensor1D, scale: Tensor1D) =>
        tf.batchNorm(x, mean, variance, offset, scale, epsilon),
      "smooth",
      [normal, normal, positive, normal, normal],
    ),
  ),
  FusedConv2D: [...frozen(false), ...frozen(true)],
  GatherV2: [
    make("rows of [5,3]", [[5, 3]], (x: Tensor) => tf.gather(x, ints([4, 0, 0, 2, 4, 4, 1]))),
    make("words of [7]", [[7]], (x: Tensor) => tf.gather(x, ints([6, 6, 0]))),
    make("rows of [3,2,5], for a matrix of places", [[3, 2, 5]], (x: Tensor) =>
      tf.gather(x, tf.tensor2d([2, 0, 1, 1], [2, 2], "int32")),
    ),
  ],
  Greater: [...binary(tf.greater, "none"), at("undefined values", UNDEFINED, (x) => tf.greater(x, 0))],
  Identity: unary(tf.clone),
  IsNan: [at("undefined values", UNDEFINED, tf.isNaN)],
  LeakyRelu: leakyRelus,
  LeakyReluGrad: leakyRelus,
  Log: [...unary(tf.log, "smooth", positive), at("far values", FAR.map(Math.abs), tf.log)],
  MaxPool: maxPools,
  MaxPoolGrad: maxPools,
  Mean: axes(tf.mean),
  MeanSquaredError: SHAPES.map((shape) => make(text([shape]), [shape, shape], meanSquaredError)),
  Max: [
    ...axes(tf.max, "kinked", spread),
    at("undefined values", UNDEFINED, (x) => tf.max(x)),
    at("none above 0", [-3, -1e30, -2], (x) => tf.max(x)),
  ],
  Maximum: binary(tf.maximum, "none"), // tfjs's gradient does not take broadcasting
  Minimum: [...binary(tf.minimum, "none"), at("with a number", [-1, 0.5, 1, 7], (x) => tf.minimum(1, x))],
  Multiply: binary(tf.mul),
  Neg: unary(tf.neg),
  PadV2: [
    [
      [0, 0],
      [1, 0],
      [1, 0],
      [0, 0],
    ],
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
    [
      [0, 0],
      [0, 2],
      [0, 1],
      [0, 0],
    ],
    [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  ].flatMap((pads) =>
    [
      [3, 5, 7, 2],
      [1, 1, 1, 1],
    ].map((s) =>
      make(`${text([s])} by ${text(pads)}`, [s], (x: Tensor4D) => tf.pad(x, pads as [number, number][])),
    ),
  ),
  RealDiv: binary(tf.div, "smooth", [normal, positive]),
  Relu: [...unary(tf.relu, "smooth", spread), at("undefined values", UNDEFINED, tf.relu)],
  ReluGrad: [
    ...unary((x) => tf.leakyRelu(tf.relu(x), 0.5), "smooth", spread),
    ...SHAPES.map((shape) =>
      make(`${text([shape])} by its output`, [shape, shape], (dy, x) => reluGrad(dy, tf.relu(x)), "none"),
    ),
  ],
  Reshape: [
    make("[2,3,5] to [5,6]", [[2, 3, 5]], (x: Tensor) => tf.reshape(x, [5, 6])),
    make("[1,1] to []", [[1, 1]], (x: Tensor) => tf.reshape(x, [])),
    make("[7,1,3] to [7,-1]", [[7, 1, 3]], (x: Tensor) => tf.reshape(x, [7, -1])),
  ],
  Select: [
    make(
      "[13,11]",
      [
        [13, 11],
        [13, 11],
      ],
      (a, b) => tf.where(mask([13, 11]), a, b),
    ),
    make("[1]", [[1], [1]], (a, b) => tf.where(mask([1]), a, b)),
    make("a scalar elsewhere", [[5, 7], []], (a, b) => tf.where(mask([5, 7]), a, b), "none"),
  ],
  Sigmoid: [...unary(tf.sigmoid), at("far values", FAR, tf.sigmoid)],
  Slice: [
    make("one row and column off", [[2, 5, 7, 3]], (x: Tensor4D) => tf.slice(x, [0, 1, 1, 0], [2, 4, 6, 3])),
    make("the last column", [[1, 5, 7, 1]], (x: Tensor4D) => tf.slice(x, [0, 0, 6, 0], [1, 5, 1, 1])),
    make("all", [[1, 1, 1, 1]], (x: Tensor4D) => tf.slice(x, [0, 0, 0, 0], [1, 1, 1, 1])),
  ],
  Softplus: [...unary(tf.softplus), at("far values", FAR, tf.softplus)],
  SplitV: [
    ...concats, // in their gradients
    make("unequal parts", [[2, 7, 3]], (x: Tensor) => tf.mul(tf.split(x, [1, 4, 2], 1)[1]!, 2)),
  ],
  Sqrt: unary(tf.sqrt, "smooth", positive),
  Square: unary(tf.square),
  SquaredDifference: binary(tf.squaredDifference, "none"), // tfjs's gradient does not take broadcasting
  Step: [
    ...unary((x) => tf.step(x), "none", spread),
    at("0 and undefined values", [...UNDEFINED, 0, -0], (x) => tf.step(x)),
  ],
  Sub: binary(tf.sub),
  Sum: axes(tf.sum),
  Tanh: [...unary(tf.tanh), at("far values", FAR, tf.tanh)],
  Transpose: [
    make("to channels first", [[3, 5, 7, 2]], (x: Tensor) => tf.transpose(x, [0, 3, 1, 2])),
    make("to channels last", [[1, 5, 7, 1]], (x: Tensor) => tf.transpose(x, [0, 2, 3, 1])),
    make("of a filter", [[3, 3, 2, 5]], (x: Tensor) => tf.transpose(x, [3, 2, 0, 1])),
    make("of a matrix", [[13, 1]], (x: Tensor) => tf.transpose(x, [1, 0])),
  ],
  UnsortedSegmentSum: [
    [[5, 3], 4],
    [[5], 2],
    [[5, 2, 17], 9],
  ].map(([s, segments]) =>
    make(
      `${text([s as number[]])} into ${segments}`,
      [s as number[]],
      (x: Tensor) => tf.unsortedSegmentSum(x, ints([1, 0, 1, 1, 0]), segments as number),
      "none",
    ),
  ),
  ZerosLike: unary(tf.zerosLike, "none"),
};
