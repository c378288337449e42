import { describe, expect, it } from "vitest";
import { batchNormTraining } from "../../../src/backends/batch_norm_training.ts";
import { convInputGrad } from "../../../src/backends/nn_ops.ts";
import { type Tensor, type Tensor1D, type Tensor4D, tf } from "../../../src/tf.ts";
import { onBackend, relativeDifference } from "../../support/backends.ts";

type Shapes = readonly (readonly number[])[];

/** Expects the same on wasm and on tfjs's cpu backend, to `tolerance` of the largest value. */
function same(
  name: string,
  shapes: Shapes,
  f: (...inputs: Tensor[]) => Tensor | Tensor[],
  tolerance = 2e-6,
): void {
  it(`${name} of ${shapes.map((s) => `[${s}]`).join(", ")}`, async () => {
    const expected = await onBackend("cpu", shapes, (inputs) => f(...inputs));
    const got = await onBackend("wasm", shapes, (inputs) => f(...inputs));
    expect(got.length).toBe(expected.length);
    for (const [i, e] of expected.entries())
      expect(relativeDifference(e, got[i]!)).toBeLessThanOrEqual(tolerance);
  });
}

describe("element-wise kernels do what tfjs's own do", () => {
  const unary = {
    ...{ abs: tf.abs, ceil: tf.ceil, exp: tf.exp, floor: tf.floor, log: tf.log, neg: tf.neg },
    ...{ reciprocal: tf.reciprocal, relu: tf.relu, relu6: tf.relu6, rsqrt: tf.rsqrt, sigmoid: tf.sigmoid },
    ...{ softplus: tf.softplus, sqrt: tf.sqrt, square: tf.square, step: tf.step, tanh: tf.tanh },
    leakyRelu: (x: Tensor) => tf.leakyRelu(x, 0.1),
    clipByValue: (x: Tensor) => tf.clipByValue(x, -0.3, 2),
  };
  for (const [name, f] of Object.entries(unary)) {
    for (const shape of [[], [1], [7, 13], [3, 70, 101]]) {
      same(name, [shape], (x) => [f(tf.mul(x!, 6)) as Tensor, f(tf.mul(x!, 0.01)) as Tensor]);
    }
  }
  const binary = {
    ...{ add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, maximum: tf.maximum, minimum: tf.minimum },
    squaredDifference: tf.squaredDifference,
  };
  const pairs: Shapes[] = [
    ...[
      [[5], [5]],
      [[3, 5, 7], [7]],
      [[], [1]],
      [
        [1, 1, 7],
        [3, 5, 1],
      ],
      [
        [2, 1, 3, 1, 2],
        [2, 4, 1, 3, 2],
      ],
    ],
    ...[
      [[], [5, 100, 100]],
      [[101, 401], [1]],
      [
        [6, 1],
        [6, 9],
      ],
      [[2, 3, 4, 5, 3], [3]],
      [[0, 4], [4]],
    ],
  ];
  for (const [name, f] of Object.entries(binary)) {
    for (const shapes of pairs) same(name, shapes, (a, b) => f(a!, b!) as Tensor);
  }
  same("greater, where and cast", [[1003], [1003]], (a, b) => {
    return [tf.greater(a!, b!), tf.where(tf.greater(a!, b!), a!, b!), tf.cast(tf.greater(a!, 0), "float32")];
  });
  same("cast of integers", [[77]], (x) => tf.cast(tf.cast(tf.mul(x!, 100), "int32"), "float32"));
  same(
    "addN",
    [
      [7, 3],
      [7, 3],
      [7, 3],
    ],
    (...xs) => tf.addN(xs),
  );
});

it("element-wise kernels keep infinities and NaN", async () => {
  const values = [0, -0, Infinity, -Infinity, Number.NaN, 1e-40, 3e38, -3e38, 88.8, -103.9];
  const f = () => {
    const x = tf.tensor1d(values);
    return [
      tf.exp(x),
      tf.log(x),
      tf.tanh(x),
      tf.sigmoid(x),
      tf.relu(x),
      tf.sqrt(x),
      tf.step(x),
      tf.maximum(x, 0),
    ];
  };
  const expected = await onBackend("cpu", [], f);
  const got = await onBackend("wasm", [], f);
  for (const [i, e] of expected.entries()) {
    for (const [j, v] of e.data.entries()) {
      const g = got[i]!.data[j]!;
      if (Number.isFinite(v))
        expect(Math.abs(g - v), `${i} of ${values[j]}`).toBeLessThanOrEqual(3e-7 * Math.abs(v) + 1e-44);
      else expect(g, `${i} of ${values[j]}`).toBe(v);
    }
  }
});

describe("what is left to tfjs's own kernels", () => {
  it("runs on the same memory", async () => {
    const f = () => {
      const whole = tf.tensor2d([1, 2, 3, 4], [2, 2], "int32");
      const flags = tf.tensor1d([1, 0, 1], "bool");
      return [
        tf.matMul(whole, whole), // int32
        tf.square(tf.cast(tf.cast(flags, "int32"), "float32")),
        tf.real(tf.complex([1, 2], [3, 4])),
        tf.topk(tf.tensor1d([3, 1, 2]), 2).values,
        tf.cumsum(tf.tensor1d([1, 2, 3])),
      ];
    };
    const [expected, got] = [await onBackend("cpu", [], f), await onBackend("wasm", [], f)];
    expect(got).toEqual(expected);
  });
});

describe("reductions do what tfjs's own do", () => {
  for (const shape of [
    [5, 9, 11],
    [50, 90, 32],
    [1, 1, 1],
    [700, 3, 4],
  ]) {
    for (const axis of [undefined, 0, 1, 2, [0, 1], [1, 2], [0, 2]]) {
      same(`sum and mean over ${axis}`, [shape], (x) => [tf.sum(x!, axis), tf.mean(x!, axis, true)]);
    }
  }
});

describe("layout kernels do what tfjs's own do", () => {
  for (const perm of [
    [0, 2, 1],
    [2, 1, 0],
    [1, 0, 2],
    [2, 0, 1],
    [0, 1, 2],
  ])
    same(`transpose ${perm}`, [[5, 6, 7]], (x) => tf.transpose(x!, perm));
  same("transpose", [[2, 3, 4, 5]], (x) => tf.transpose(x!, [3, 1, 2, 0]));
  same("slice", [[5, 6, 7]], (x) => [tf.slice(x!, [1, 2, 3], [2, 3, 4]), tf.slice(x!, [4, 0, 6], [1, 6, 1])]);
  same("pad", [[5, 6, 7]], (x) =>
    tf.pad(
      x!,
      [
        [1, 0],
        [2, 3],
        [0, 1],
      ],
      2,
    ),
  );
  for (const axis of [0, 1, 2])
    same(
      `concat ${axis}`,
      [
        [2, 3, 4],
        [2, 3, 4],
      ],
      (...xs) => tf.concat([...xs, xs[0]!], axis),
    );
  for (const axis of [0, 1, 2]) same(`split ${axis}`, [[4, 6, 8]], (x) => tf.split(x!, 2, axis));
  same("split into unequal parts", [[3, 5, 2]], (x) => tf.split(x!, [1, 4], 1));
  same("fill", [[3, 5]], (x) => [tf.zerosLike(x!), tf.onesLike(x!), tf.fill([3, 7], 2.5)]);
});

describe("matMul does what tfjs's own does", () => {
  const cases = [
    [5, 7, 9],
    [1, 1, 1],
    [64, 500, 130],
    [3, 1, 17],
    [1, 900, 16],
    [130, 33, 1],
  ] as const;
  for (const [m, k, n] of cases) {
    same(
      "a b",
      [
        [m, k],
        [k, n],
      ],
      (a, b) => tf.matMul(a!, b!),
    );
    same(
      "a^T b",
      [
        [k, m],
        [k, n],
      ],
      (a, b) => tf.matMul(a!, b!, true),
    );
    same(
      "a b^T",
      [
        [m, k],
        [n, k],
      ],
      (a, b) => tf.matMul(a!, b!, false, true),
    );
    same(
      "a^T b^T",
      [
        [k, m],
        [n, k],
      ],
      (a, b) => tf.matMul(a!, b!, true, true),
    );
  }
  same(
    "batches",
    [
      [3, 13, 70],
      [3, 70, 40],
    ],
    (a, b) => tf.matMul(a!, b!),
  );
  same(
    "a batch and a matrix",
    [
      [3, 13, 70],
      [1, 70, 40],
    ],
    (a, b) => tf.matMul(a!, b!),
  );
  same("one buffer as both operands", [[12, 12]], (a) => tf.matMul(a!, tf.reshape(a!, [12, 12]), true));
});

describe("convolutions do what tfjs's own do, and so do their gradients", () => {
  const cases: [x: number[], filter: number[], stride: number | [number, number], pad: "same" | "valid"][] = [
    [[2, 8, 8, 16], [3, 3, 16, 16], 1, "same"], // Winograd, whole tiles
    [[2, 9, 7, 17], [3, 3, 17, 19], 1, "same"], // Winograd, none whole
    [[2, 9, 7, 17], [3, 3, 17, 19], 1, "valid"],
    [[1, 1, 1, 16], [3, 3, 16, 16], 1, "same"],
    [[1, 4, 4, 300], [3, 3, 300, 64], 1, "same"],
    [[1, 1, 1, 1], [3, 3, 1, 1], 1, "same"],
    [[1, 1, 1, 1], [3, 3, 1, 1], 2, "same"],
    [[1, 2, 3, 2], [3, 3, 2, 3], 5, "same"], // stride beyond size
    [[3, 17, 17, 3], [3, 3, 3, 32], 2, "valid"],
    [[2, 11, 13, 5], [3, 3, 5, 7], 2, "same"],
    [[2, 11, 13, 5], [4, 4, 5, 7], 2, "same"],
    [[2, 11, 13, 5], [1, 1, 5, 7], 1, "same"],
    [[2, 11, 13, 5], [1, 1, 5, 7], 3, "same"],
    [[2, 11, 13, 5], [2, 3, 5, 7], 4, "valid"],
    [[2, 7, 7, 5], [5, 5, 5, 33], 1, "same"],
    [[2, 16, 16, 70], [3, 3, 70, 40], 2, "same"],
    [[2, 6, 6, 64], [3, 3, 64, 3], 1, "same"], // few outputs
    [[1, 37, 19, 5], [3, 3, 5, 1], 1, "valid"], // more rows than a band
    [[2, 18, 1, 7], [5, 3, 7, 4], 1, "same"],
    [[3, 33, 5, 2], [2, 2, 2, 2], 1, "same"],
    [[1, 20, 20, 3], [3, 3, 3, 32], 1, "same"], // few inputs
    [[1, 13, 13, 100], [3, 3, 100, 50], [2, 1], "same"],
  ];
  for (const [x, filter, stride, pad] of cases) {
    const conv = (a: Tensor, b: Tensor) => tf.conv2d(a as Tensor4D, b as Tensor4D, stride, pad);
    same(
      `stride ${stride} ${pad}`,
      [x, filter],
      (a, b) => {
        const y = conv(a!, b!);
        return [y, ...tf.grads(conv as never)([a!, b!], tf.mul(y, 0.1))];
      },
      2e-5,
    );
  }
  const padded: [x: number[], filter: number[], stride: number, pads: [number, number, number, number]][] = [
    [[2, 8, 8, 5], [3, 3, 5, 7], 2, [1, 1, 1, 1]],
    [[2, 7, 9, 3], [3, 3, 3, 33], 2, [1, 0, 0, 1]],
    [[2, 8, 8, 16], [3, 3, 16, 16], 1, [0, 2, 1, 0]], // Winograd
    [[1, 5, 6, 4], [3, 3, 4, 3], 1, [3, 0, 1, 4]], // few outputs, padding beyond the filter
    [[2, 16, 16, 16], [3, 3, 16, 24], 2, [1, 1, 1, 1]], // tiles of 4x4, whole ones
    [[3, 13, 10, 24], [3, 3, 24, 40], 2, [1, 1, 1, 1]], // none whole, panels neither
    [[2, 31, 17, 32], [3, 3, 32, 16], 2, [1, 0, 1, 0]],
    [[3, 8, 8, 64], [3, 3, 64, 144], 2, [1, 1, 1, 1]], // sums for all points at once, groups of panels
  ];
  for (const [x, filter, stride, [top, bottom, left, right]] of padded) {
    const pads: [[0, 0], [number, number], [number, number], [0, 0]] = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const conv = (a: Tensor, b: Tensor) => tf.conv2d(a as Tensor4D, b as Tensor4D, stride, pads);
    same(
      `stride ${stride} with padding ${top} ${bottom} ${left} ${right}`,
      [x, filter],
      (a, b) => {
        const y = conv(a!, b!);
        return [y, ...tf.grads(conv as never)([a!, b!], tf.mul(y, 0.1))];
      },
      2e-5,
    );
  }
  same(
    "with dilation",
    [
      [2, 9, 9, 5],
      [3, 3, 5, 6],
    ],
    (x, f) => {
      return tf.conv2d(x as Tensor4D, f as Tensor4D, 1, "same", "NHWC", 2);
    },
  );
  for (const activation of ["relu", "linear", "relu6", "sigmoid", "leakyrelu"] as const) {
    for (const strides of [1, 2]) {
      same(
        `fused with ${activation}`,
        [[2, 8, 8, 16], [3, 3, 16, 20], [20]],
        (x, filter, bias) =>
          tf.fused.conv2d({
            ...{ x: x as Tensor4D, filter: filter as Tensor4D, bias: bias!, strides, pad: "same" },
            ...{ activation, leakyreluAlpha: 0.2 },
          }),
        1e-5,
      );
    }
  }
});

describe("the input's gradient through a relu is that of the masked gradient", () => {
  const cases = [
    [[2, 9, 7, 17], 19, 1], // Winograd
    [[2, 8, 8, 16], 16, 1],
    [[2, 9, 9, 5], 7, 2],
    [[2, 6, 6, 3], 64, 1], // few outputs
    [[1, 35, 3, 1], 9, 1],
  ] as const;
  for (const [x, n, stride] of cases) {
    const size = Math.ceil(x[1] / stride);
    const out = [x[0], size, Math.ceil(x[2] / stride), n];
    same(
      `stride ${stride}`,
      [out, out, [3, 3, x[3], n]],
      (dy, y, filter) =>
        convInputGrad(dy as Tensor4D, tf.relu(y as Tensor4D), filter as Tensor4D, [...x], stride, "same"),
      1e-5,
    );
  }
});

describe("pooling does what tfjs's own does", () => {
  const cases: [number[], number, number, "same" | "valid"][] = [
    [[2, 8, 8, 5], 2, 2, "valid"],
    [[2, 9, 7, 8], 3, 2, "same"],
    [[1, 5, 5, 3], 3, 1, "same"],
    [[1, 4, 4, 3], 2, 3, "valid"],
    [[1, 1, 1, 1], 1, 1, "valid"],
  ];
  for (const [shape, size, stride, pad] of cases) {
    same(`${size}x${size} by ${stride} ${pad}`, [shape], (x) => {
      const max = (t: Tensor) => tf.maxPool(t as Tensor4D, size, stride, pad);
      const average = (t: Tensor) => tf.avgPool(t as Tensor4D, size, stride, pad);
      const whole = pad === "valid" ? [tf.grad(average)(x!)] : []; // tfjs's cpu shares with the padding
      return [max(x!), average(x!), tf.grad(max)(x!), ...whole];
    });
  }
});

it("pooling ignores NaN, as tfjs's own does", async () => {
  const f = () => tf.maxPool(tf.tensor4d([1, Number.NaN, 3, 4], [1, 2, 2, 1]), 2, 1, "valid");
  expect(await onBackend("wasm", [], f)).toEqual(await onBackend("cpu", [], f));
});

describe("batch norm does what the plain kernels do", () => {
  const shapes: [shape: number[], slope: number][] = [
    [[4, 3, 3, 8], 1],
    [[4, 5, 5, 7], 0.01],
    [[16, 16, 16, 32], 1],
    [[7, 13, 11, 43], 0.2],
    [[5, 1, 1, 1], 0],
  ];
  for (const [shape, slope] of shapes) {
    const c = shape[3]!;
    same(
      `training, with a slope of ${slope},`,
      [shape, [c], [c]],
      (x, g, b) => {
        const norm = (x: Tensor, g: Tensor, b: Tensor) =>
          batchNormTraining(x as Tensor4D, g as Tensor1D, b as Tensor1D, 1e-5, slope);
        const { y, mean, variance } = norm(x!, g!, b!);
        const gradients = tf.grads(((x: Tensor, g: Tensor, b: Tensor) =>
          tf.mul(norm(x, g, b).y, x)) as never)([x!, g!, b!]);
        return [y, mean, variance, ...gradients];
      },
      5e-5,
    );
  }
  it("variance is right beside an outlier in the first row", async () => {
    const values = Float32Array.from({ length: 600 * 2 }, (_, i) => (i === 0 ? 1e4 : Math.sin(i)));
    const f = () => {
      const x = tf.tensor4d(values, [600, 1, 1, 2]);
      const { mean, variance } = batchNormTraining(x, tf.ones([2]), tf.zeros([2]), 1e-5);
      return [mean, variance];
    };
    const [expected, got] = [await onBackend("cpu", [], f), await onBackend("wasm", [], f)];
    for (const [i, e] of expected.entries()) {
      for (const [j, v] of e.data.entries())
        expect(Math.abs(got[i]!.data[j]! - v)).toBeLessThan(1e-5 * Math.abs(v) + 1e-5);
    }
  });
  same("evaluation", [[2, 3, 3, 5], [5], [5], [5], [5]], (x, m, v, o, s) => {
    return tf.batchNorm(
      x as Tensor4D,
      m as Tensor1D,
      tf.abs(v as Tensor1D),
      o as Tensor1D,
      s as Tensor1D,
      1e-3,
    );
  });
});
