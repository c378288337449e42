import { describe, expect, it } from "vitest";
import { adamUpdate } from "../../src/backends/adam.ts";
import { CONV_INPUT_GRAD_RELU } from "../../src/backends/nn_ops.ts";
import { useBackend } from "../../src/backends/use_backend.ts";
import { fallbacks } from "../../src/backends/wasm/kernel.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { expectClose } from "./expect_close.ts";
import type { KernelCase } from "./kernel_case.ts";
import { KERNEL_CASES } from "./kernel_cases.ts";
import { usedKernels } from "./used_kernels.ts";

it("has cases for every kernel that the project's models, optimizers and grids run", async () => {
  await useBackend("auto");
  const used = await usedKernels();
  const trained = [
    "Conv2DBackpropFilter",
    "BatchNormTrainingGrad",
    "MaxPoolGrad",
    "Softplus",
    "Tanh",
    "Minimum",
  ];
  const evaluated = ["FusedBatchNorm", "FusedConv2D", "Transpose"];
  expect(used, "the recording sees steps and evaluation").toEqual(
    expect.arrayContaining([...trained, ...evaluated]),
  );
  const apart = [CONV_INPUT_GRAD_RELU]; // wasm alone has it, and its own tests
  expect(used.filter((kernel) => KERNEL_CASES[kernel] === undefined && !apart.includes(kernel))).toEqual([]);
});

it("wasm runs nothing of a training step by tfjs's cpu kernels", async () => {
  await useBackend("wasm");
  fallbacks.clear();
  await usedKernels();
  expect([...fallbacks.keys()]).toEqual([]);
});

const kernels = trainingBackends.flatMap((backend) =>
  Object.entries(KERNEL_CASES).map(([kernel, cases]) => [backend, kernel, cases] as const),
);

describe.each(kernels)("%s's %s", (backend, kernel, cases) => {
  it.each(cases.map((c) => [c.title, c] as const))("agrees with cpu's: %s", async (_, c) => {
    const [reference, got] = [await run(c, "cpu"), await run(c, backend)];
    expect(got.kernels, "the case runs the kernel").toContain(kernel);
    expect(got.results.map((r) => [r.shape, r.dtype])).toEqual(
      reference.results.map((r) => [r.shape, r.dtype]),
    );
    got.results.forEach((r, i) => {
      expectClose(r.data, reference.results[i]!.data, i === 0 ? "output" : `gradient ${i - 1}`);
    });
    if (c.gradient === "smooth") expectSlope(c, reference.results.slice(1));
  });
});

it.each([[[]], [[1]], [[13, 11]], [[3, 3, 2, 5]]])("Adam's update of %j agrees with cpu's", async (shape) => {
  const updated = async (backend: string) => {
    await useBackend(backend);
    const rng = Rng.fromSeed(23);
    const [p, m, v] = ["p", "m", "v"].map((name) => tf.variable(tf.abs(rng.fold(name).normal(shape))));
    for (let step = 0; step < 3; step++) {
      const at = { beta1: 0.9, beta2: 0.99, rate: tf.scalar(0.1 / (step + 1)), epsilon: tf.scalar(1e-3) };
      adamUpdate({ p: p!, m: m!, v: v! }, rng.fold(step).normal(shape), at);
    }
    return [p!, m!, v!].map((x) => read(x).data);
  };
  const reference = await updated("cpu");
  for (const backend of trainingBackends) {
    const got = await updated(backend);
    for (const [i, name] of ["parameter", "m", "v"].entries()) expectClose(got[i]!, reference[i]!, name);
  }
});

interface Result {
  readonly shape: number[];
  readonly dtype: string;
  readonly data: Float32Array;
}

/** The output and, of a case with a gradient, those by each input for one random dy. */
async function run(c: KernelCase, backend: string): Promise<{ results: Result[]; kernels: string[] }> {
  await useBackend(backend);
  const inputs = c.inputs();
  let results: Result[] = [];
  const { kernelNames } = await tf.profile(() => {
    tf.tidy(() => {
      const y = c.f(...inputs);
      const gradients = c.gradient === "none" ? [] : tf.grads(c.f)(inputs, weightsFor(y));
      results = [y, ...gradients].map(read);
    });
    return [];
  });
  tf.dispose(inputs);
  return { results, kernels: kernelNames };
}

const read = (t: Tensor): Result => ({
  shape: t.shape,
  dtype: t.dtype,
  data: Float32Array.from(t.dataSync()),
});

/** dy of an output: the weights of the sum whose gradient is taken. */
const weightsFor = (y: Tensor) => Rng.fromSeed(5).normal(y.shape);

/**
 * The gradients against a finite difference along a random direction, which must be the direction's product
 * with them. The five-point rule's error is O(h^4), so float32 rounding is all that is left.
 */
function expectSlope(c: KernelCase, gradients: readonly Result[]): void {
  tf.tidy(() => {
    const inputs = c.inputs();
    const directions = inputs.map((x, i) => Rng.fromSeed(17).fold(i).normal(x.shape));
    const largest = Math.max(...directions.map((d) => tf.max(tf.abs(d)).dataSync()[0]!));
    const h = 1e-2 / largest;
    const lossAt = (by: number) => {
      const y = c.f(...inputs.map((x, i) => tf.add(x, tf.mul(directions[i]!, by))));
      const [values, weights] = [read(y).data, read(weightsFor(y)).data];
      return weights.reduce((sum, w, i) => sum + w * values[i]!, 0);
    };
    const slope = (8 * (lossAt(h) - lossAt(-h)) - (lossAt(2 * h) - lossAt(-2 * h))) / (12 * h);
    const products = gradients.map((g, i) => {
      const direction = read(directions[i]!).data;
      return g.data.reduce((sum, v, k) => sum + v * direction[k]!, 0);
    });
    const expected = products.reduce((a, b) => a + b, 0);
    expect(Math.abs(slope - expected), `slope ${slope}, by the gradients ${expected}`).toBeLessThan(
      3e-3 * Math.max(1, Math.abs(expected)),
    );
  });
}
