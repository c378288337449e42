import { describe, expect, it } from "vitest";
import { batchNormTraining } from "../../../src/backends/batch_norm_training.ts";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { type Tensor, type Tensor1D, type Tensor4D, tf } from "../../../src/tf.ts";
import { randomValues } from "../../support/backends.ts";

type F = (...inputs: Tensor[]) => Tensor;

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * Expects the gradients of <f, weights> along random directions to be what central differences say, to `tolerance`
 * of the root of the squares of the products that make them up, as rounding is a share of that.
 */
function matchesDifferences(
  name: string,
  shapes: readonly number[][],
  f: F,
  tolerance = 2e-3,
  h = 1e-2,
): void {
  it(`${name} of ${shapes.map((s) => `[${s}]`).join(", ")}`, async () => {
    await useBackend("wasm");
    tf.tidy(() => {
      const inputs = shapes.map((shape, i) => tf.tensor(randomValues(shape, `${i}`), shape));
      const weights = tf.tensor(randomValues(f(...inputs).shape, "weights"), f(...inputs).shape);
      const loss = (xs: Tensor[]) => dot(f(...xs).dataSync(), weights.dataSync());
      const gradients = tf.grads(((...xs: Tensor[]) => f(...xs)) as never)(inputs, weights);
      for (const [i, gradient] of gradients.entries()) {
        const direction = randomValues(shapes[i]!, `direction ${i}`);
        const moved = (by: number) =>
          loss(inputs.map((x, j) => (j === i ? tf.add(x, tf.mul(tf.tensor(direction, shapes[i]!), by)) : x)));
        const expected = (moved(h) - moved(-h)) / (2 * h);
        const products = Array.from(gradient.dataSync(), (g, k) => g * direction[k]!);
        const size = Math.max(1e-3, Math.sqrt(dot(products, products)));
        expect(Math.abs(dot(gradient.dataSync(), direction) - expected) / size).toBeLessThan(tolerance);
      }
    });
  });
}

const ONE: [[0, 0], [number, number], [number, number], [0, 0]] = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];

const conv =
  (stride: number, pad: "same" | "valid" | typeof ONE): F =>
  (x, w) =>
    tf.conv2d(x as Tensor4D, w as Tensor4D, stride, pad);

describe("gradients on the wasm backend match finite differences", () => {
  matchesDifferences(
    "convolution by Winograd",
    [
      [2, 6, 7, 16],
      [3, 3, 16, 17],
    ],
    conv(1, "same"),
  );
  matchesDifferences(
    "convolution of stride 2 by Winograd",
    [
      [2, 7, 10, 16],
      [3, 3, 16, 24],
    ],
    conv(2, ONE),
  );
  matchesDifferences(
    "convolution",
    [
      [2, 5, 7, 3],
      [3, 3, 3, 5],
    ],
    conv(2, "same"),
  );
  matchesDifferences(
    "convolution",
    [
      [1, 1, 1, 1],
      [3, 3, 1, 1],
    ],
    conv(2, "same"),
  );
  matchesDifferences(
    "convolution",
    [
      [2, 7, 5, 2],
      [4, 4, 2, 3],
    ],
    conv(3, "valid"),
  );
  matchesDifferences(
    "transposed convolution",
    [
      [2, 3, 4, 5],
      [3, 3, 2, 5],
    ],
    (x, w) => tf.conv2dTranspose(x as Tensor4D, w as Tensor4D, [2, 7, 9, 2], 2, "valid"),
  );
  matchesDifferences(
    "matMul",
    [
      [5, 7],
      [7, 3],
    ],
    (a, b) => tf.matMul(a, b),
  );
  matchesDifferences(
    "matMul transposed",
    [
      [7, 5],
      [3, 7],
    ],
    (a, b) => tf.matMul(a, b, true, true),
  );
  matchesDifferences("maxPool", [[2, 6, 6, 3]], (x) => tf.maxPool(x as Tensor4D, 2, 2, "valid"), 5e-2, 1e-4);
  matchesDifferences("avgPool", [[2, 6, 6, 3]], (x) => tf.avgPool(x as Tensor4D, 2, 2, "valid"));
  matchesDifferences("avgPool with padding", [[2, 5, 7, 3]], (x) => tf.avgPool(x as Tensor4D, 3, 2, "same"));
  matchesDifferences(
    "batch norm",
    [[3, 4, 4, 5], [5], [5]],
    (x, g, b) => batchNormTraining(x as Tensor4D, g as Tensor1D, b as Tensor1D, 1e-3).y,
    1e-2,
  );
  for (const [name, f] of Object.entries({
    tanh: tf.tanh,
    sigmoid: tf.sigmoid,
    softplus: tf.softplus,
    exp: tf.exp,
    square: tf.square,
  })) {
    matchesDifferences(name, [[5, 7]], (x) => f(x) as Tensor, 5e-3);
  }
  matchesDifferences("sum and mean", [[5, 7]], (x) => tf.add(tf.sum(x, 0), tf.mean(x)));
  matchesDifferences(
    "broadcasting",
    [[5, 7], [7]],
    (a, b) => tf.div(tf.mul(a, b), tf.add(tf.square(b), 1)),
    5e-3,
  );
});
