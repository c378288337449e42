import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { adamUpdate } from "../../../src/backends/adam.ts";
import { globalNorm } from "../../../src/backends/global_norm.ts";
import { useBackend } from "../../../src/backends/use_backend.ts";
import type { WasmBackend } from "../../../src/backends/wasm/backend.ts";
import { type Tensor4D, tf } from "../../../src/tf.ts";
import { randomValues, relativeDifference } from "../../support/backends.ts";

/** Padding of one pixel. */
const ONE: [[0, 0], [number, number], [number, number], [0, 0]] = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Hashes of a short training run's parameters and losses, in a process with `threads` threads. */
function trainWith(threads: number, more: Record<string, string> = {}): string {
  const script = fileURLToPath(new URL("./train_a_little.ts", import.meta.url));
  const env = { ...process.env, TFJS_VAE_THREADS: String(threads), ...more };
  const args = [`${root}/node_modules/tsx/dist/cli.mjs`, script];
  return execFileSync(process.execPath, args, { encoding: "utf8", env, cwd: root });
}

describe("training on the wasm backend", () => {
  it("gives the same bits on every run and with every number of threads", () => {
    const first = trainWith(2);
    expect(first).toMatch(/^[0-9a-f]{64} /);
    expect(trainWith(2)).toBe(first);
    expect(trainWith(1)).toBe(first);
    expect(trainWith(3)).toBe(first);
  }, 300_000);

  it("gives the same bits with the kernels for joined vectors as without", () => {
    expect(trainWith(2, { TFJS_VAE_WIDE_SIMD: "1" })).toBe(trainWith(2, { TFJS_VAE_WIDE_SIMD: "0" }));
  }, 300_000);
});

describe("the wasm backend's data", () => {
  beforeAll(() => useBackend("wasm"));
  const backend = () => tf.backend() as WasmBackend;

  it("gives all memory back that tensors took", () => {
    const step = () =>
      tf.tidy(() => {
        const x = tf.tensor4d(randomValues([4, 9, 9, 16], "x"), [4, 9, 9, 16]);
        const w = tf.tensor4d(randomValues([3, 3, 16, 16], "w"), [3, 3, 16, 16]);
        const loss = (a: Tensor4D, b: Tensor4D) => tf.mean(tf.square(tf.conv2d(a, b, 1, "same")));
        tf.dispose(tf.grads(loss as never)([x, w]));
      });
    step();
    const [used, size, ids] = [backend().wasmMemory.used, backend().wasmMemory.size, backend().numDataIds()];
    for (let i = 0; i < 20; i++) step();
    expect(backend().wasmMemory.used).toBe(used);
    expect(backend().wasmMemory.size).toBe(size);
    expect(backend().numDataIds()).toBe(ids);
  });

  it("hands out copies that outlive their tensor", () => {
    const x = tf.tensor1d([1, 2, 3]);
    const values = x.dataSync();
    x.dispose();
    tf.tensor1d([7, 8, 9]);
    expect([...values]).toEqual([1, 2, 3]);
    expect(values.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it("uses a filter's new values after Adam changed them in place", () => {
    tf.tidy(() => {
      const x = tf.tensor4d(randomValues([1, 8, 8, 16], "x"), [1, 8, 8, 16]);
      const p = tf.variable(tf.tensor4d(randomValues([3, 3, 16, 16], "w"), [3, 3, 16, 16]));
      const [m, v] = [tf.variable(tf.zerosLike(p)), tf.variable(tf.zerosLike(p))];
      const before = tf.conv2d(x, p as unknown as Tensor4D, 1, "same").dataSync();
      const snapshot = tf.clone(p);
      const held = snapshot.dataSync();
      const step = { beta1: 0.9, beta2: 0.999, rate: tf.scalar(0.1), epsilon: tf.scalar(1e-8) };
      adamUpdate({ p, m, v }, tf.onesLike(p), step);
      adamUpdate({ p, m, v }, tf.onesLike(p), step);
      expect(snapshot.dataSync()).toEqual(held); // others who held the old values still do
      const after = tf.conv2d(x, p as unknown as Tensor4D, 1, "same");
      expect(after.dataSync()).not.toEqual(before);
      const fresh = tf.tensor4d(p.dataSync() as Float32Array, [3, 3, 16, 16]);
      expect(tf.conv2d(x, fresh, 1, "same").dataSync()).toEqual(after.dataSync());
    });
  });

  it("Adam does what the plain one does", async () => {
    const results = [];
    for (const name of ["cpu", "wasm"]) {
      await useBackend(name);
      const make = (of: string) => tf.variable(tf.tensor1d(randomValues([1001], of)));
      const [p, m, v] = [make("p"), make("m"), tf.variable(tf.square(make("v")))];
      const step = { beta1: 0.9, beta2: 0.999, rate: tf.scalar(0.01), epsilon: tf.scalar(1e-6) };
      for (let i = 0; i < 3; i++) adamUpdate({ p, m, v }, tf.tensor1d(randomValues([1001], `g${i}`)), step);
      results.push([p, m, v].map((x) => ({ shape: x.shape, data: x.dataSync() })));
    }
    for (const i of [0, 1, 2])
      expect(relativeDifference(results[0]![i]!, results[1]![i]!)).toBeLessThan(1e-6);
  });
});

describe("Winograd's convolution", () => {
  it("is as near to the exact one as documented: 1e-5 of the largest output at 64 channels, 2e-5 at 512", async () => {
    for (const [c, limit] of [
      [64, 1e-5],
      [512, 2e-5],
    ] as const) {
      await useBackend("wasm");
      const x = randomValues([1, 8, 8, c], "x");
      const w = randomValues([3, 3, c, 16], "w");
      const y = tf.conv2d(tf.tensor4d(x, [1, 8, 8, c]), tf.tensor4d(w, [3, 3, c, 16]), 1, "same").dataSync();
      expect(largestError(x, w, c, 16, y)).toBeLessThan(limit);
    }
  });

  it("of stride 2, too: 5e-6 at 64 channels, 1e-5 at 512", async () => {
    for (const [c, limit] of [
      [64, 5e-6],
      [512, 1e-5],
    ] as const) {
      await useBackend("wasm");
      const x = randomValues([1, 8, 8, c], "x");
      const w = randomValues([3, 3, c, 16], "w");
      const [images, filter] = [tf.tensor4d(x, [1, 8, 8, c]), tf.tensor4d(w, [3, 3, c, 16])];
      const y = tf.conv2d(images, filter, 2, ONE).dataSync();
      expect(largestError(x, w, c, 16, y, 2)).toBeLessThan(limit);
    }
  });
});

describe("the filter's gradient of a convolution of stride 2", () => {
  it("of more tiles than are held at once is the sum of its parts'", async () => {
    await useBackend("wasm");
    const [x, dy] = [
      [80, 6, 6, 16],
      [80, 3, 3, 640],
    ].map((shape, i) => tf.tensor4d(randomValues(shape, `${i}`), shape as [number, number, number, number]));
    const attrs = { strides: [2, 2], pad: ONE, dataFormat: "NHWC", filterShape: [3, 3, 16, 640] };
    const gradient = (from: number, count: number) => {
      const inputs = { x: tf.slice(x!, from, count), dy: tf.slice(dy!, from, count) };
      return tf.engine().runKernel("Conv2DBackpropFilter", inputs, attrs as never) as unknown as Tensor4D;
    };
    const [whole, sum] = [gradient(0, 80), tf.add(gradient(0, 40), gradient(40, 40))];
    const [got, expected] = [whole, sum].map((t) => ({ shape: t.shape, data: t.dataSync() }));
    expect(relativeDifference(expected!, got!)).toBeLessThan(2e-6);
  });
});

describe("the norm of all gradients", () => {
  it("is that of tfjs's ops, and of their values in float64", async () => {
    const shapes = [[3, 3, 16, 40], [7], [2048, 128]];
    const norms = [];
    for (const name of ["cpu", "wasm"]) {
      await useBackend(name);
      const tensors = shapes.map((shape, i) => tf.tensor(randomValues(shape, `${i}`), shape));
      norms.push(globalNorm(tensors).dataSync()[0]!);
    }
    const squares = shapes.flatMap((shape, i) => [...randomValues(shape, `${i}`)].map((v) => v * v));
    const exact = Math.sqrt(squares.reduce((a, b) => a + b, 0));
    for (const norm of norms) expect(Math.abs(norm / exact - 1)).toBeLessThan(1e-5);
    expect(Math.abs(norms[1]! / exact - 1)).toBeLessThan(2e-7);
  });
});

/**
 * Of y, the 3x3 convolution of x [8, 8, c] with w [3, 3, c, n], padding 1 and a stride, to one in float64, as a share of
 * the largest.
 */
function largestError(
  x: Float32Array,
  w: Float32Array,
  c: number,
  n: number,
  y: ArrayLike<number>,
  stride = 1,
): number {
  let [worst, largest] = [0, 0];
  const side = 8 / stride;
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++)
      for (let o = 0; o < n; o++) {
        let sum = 0;
        for (let tap = 0; tap < 9; tap++) {
          const [r, s] = [stride * i + Math.floor(tap / 3) - 1, stride * j + (tap % 3) - 1];
          if (r < 0 || s < 0 || r > 7 || s > 7) continue;
          for (let k = 0; k < c; k++) sum += x[(r * 8 + s) * c + k]! * w[(tap * c + k) * n + o]!;
        }
        worst = Math.max(worst, Math.abs(sum - y[(i * side + j) * n + o]!));
        largest = Math.max(largest, Math.abs(sum));
      }
  return worst / largest;
}
