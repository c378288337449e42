import { describe, expect, it } from "vitest";
import { adamUpdate } from "../../src/backends/adam.ts";
import { CONV_INPUT_GRAD_RELU } from "../../src/backends/nn_ops.ts";
import { useBackend } from "../../src/backends/use_backend.ts";
import { fallbacks } from "../../src/backends/wasm/kernel.ts";
import { registered } from "../../src/backends/xla/register.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, tf } from "../../src/tf.ts";
import { allBackends, compileQuickly, useWhole } from "../support/backends.ts";
import { expectClose } from "./expect_close.ts";
import type { KernelCase } from "./kernel_case.ts";
import { KERNEL_CASES } from "./kernel_cases.ts";
import { usedKernels } from "./used_kernels.ts";

compileQuickly();

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

const kernels = Object.entries(KERNEL_CASES);

describe("cpu's gradients are slopes, of", () => {
  it.each(kernels)("%s", async (_, cases) => {
    const reference = await run(cases, "cpu");
    cases.forEach((c, i) => {
      if (c.gradient === "smooth") expectSlope(c, reference[i]!.results.slice(1));
    });
  });
});

describe.each(allBackends)("%s agrees with cpu in", (backend) => {
  it.each(kernels)("%s", async (kernel, cases) => {
    const reference = await run(cases, "cpu");
    const got = await run(cases, backend);
    cases.forEach(({ title }, i) => {
      const { results, names } = got[i]!;
      expect(names, `${title}: runs the kernel`).toContain(kernel);
      const shapes = (of: readonly Result[]) => of.map((r) => [r.shape, r.dtype]);
      expect(shapes(results), title).toEqual(shapes(reference[i]!.results));
      results.forEach((r, k) => {
        const what = `${title}, ${k === 0 ? "output" : `gradient ${k - 1}`}`;
        expectClose(r.data, reference[i]!.results[k]!.data, what);
      });
    });
    expect(xlaFallbacks()).not.toContain(kernel);
  });
});

it.each([[[]], [[1]], [[13, 11]], [[3, 3, 2, 5]]])("Adam's update of %j agrees with cpu's", async (shape) => {
  const updated = async (backend: string) => {
    await useWhole(backend);
    const rng = Rng.fromSeed(23);
    const [p, m, v] = ["p", "m", "v"].map((name) => tf.variable(tf.abs(rng.fold(name).normal(shape))));
    for (let step = 0; step < 3; step++) {
      const at = { beta1: 0.9, beta2: 0.99, rate: tf.scalar(0.1 / (step + 1)), epsilon: tf.scalar(1e-3) };
      adamUpdate({ p: p!, m: m!, v: v! }, rng.fold(step).normal(shape), at);
    }
    return [p!, m!, v!].map((x) => read(x).data);
  };
  const reference = await updated("cpu");
  for (const backend of allBackends) {
    const got = await updated(backend);
    for (const [i, name] of ["parameter", "m", "v"].entries()) expectClose(got[i]!, reference[i]!, name);
  }
});

interface Result {
  readonly shape: number[];
  readonly dtype: string;
  readonly data: Float32Array;
}

interface Ran {
  /** The output and, of a case with a gradient, those by each input for one random dy. */
  readonly results: readonly Result[];
  readonly names: readonly string[];
}

/** What each case comes to; read after all are made, so that XLA compiles one program. On cpu once. */
async function run(cases: readonly KernelCase[], backend: string): Promise<readonly Ran[]> {
  const known = references.get(cases);
  if (backend === "cpu" && known !== undefined) return known;
  await useWhole(backend);
  const made: { tensors: Tensor[]; names: string[] }[] = [];
  for (const c of cases) {
    let tensors: Tensor[] = [];
    const { kernelNames } = await tf.profile(() => {
      tf.tidy(() => {
        const inputs = c.inputs();
        const y = c.f(...inputs);
        const gradients = c.gradient === "none" ? [] : tf.grads(c.f)(inputs, weightsFor(y));
        tensors = [y, ...gradients].map((t) => tf.keep(t));
      });
      return [];
    });
    made.push({ tensors, names: kernelNames });
  }
  const ran = made.map(({ tensors, names }) => ({ results: tensors.map(read), names }));
  tf.dispose(made.map(({ tensors }) => tensors));
  if (backend === "cpu") references.set(cases, ran);
  return ran;
}
const references = new Map<readonly KernelCase[], readonly Ran[]>();

/** Kernels that XLA left to JavaScript, where it runs here. */
const xlaFallbacks = () => [...(registered?.backend.fallbacks.keys() ?? [])];

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
