import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { registered, registerXla } from "../../../src/backends/xla/register.ts";
import { Rng } from "../../../src/rng.ts";
import { type Tensor, tf } from "../../../src/tf.ts";
import { expectClose } from "../expect_close.ts";
import type { KernelCase } from "../kernel_case.ts";
import { KERNEL_CASES } from "../kernel_cases.ts";
import { describeXla } from "./pjrt/plugin.ts";

/** What tfjs's kernels do without computing, and where they compute nothing. */
const NO_OPERATION = ["Identity"];

interface Result {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: Float32Array;
}

/** The outputs of all cases and their gradients for random dy; read after all are made, so compiled as one program. */
async function run(
  cases: readonly KernelCase[],
  backend: string,
): Promise<{ results: Result[][]; names: string[] }> {
  await useBackend(backend);
  const made: Tensor[][] = [];
  const profile = await tf.profile(() => {
    tf.tidy(() => {
      for (const c of cases) {
        const inputs = c.inputs();
        const y = c.f(...inputs);
        const gradients = c.gradient === "none" ? [] : tf.grads(c.f)(inputs, Rng.fromSeed(5).normal(y.shape));
        made.push([y, ...gradients].map((t) => tf.keep(t)));
      }
    });
    return [];
  });
  const results = made.map((tensors) =>
    tensors.map((t) => ({ shape: t.shape, dtype: t.dtype, values: Float32Array.from(t.dataSync()) })),
  );
  tf.dispose(made);
  return { results, names: profile.kernelNames };
}

describeXla("the kernels of xla", () => {
  beforeAll(async () => {
    registerXla({ platform: "cpu", small: 0, say: () => {} }); // else tfjs's cpu kernels would take such small inputs
  });

  it.each(Object.entries(KERNEL_CASES))("%s agrees with cpu's", async (kernel, cases) => {
    const reference = await run(cases, "cpu");
    const got = await run(cases, "xla:cpu");
    expect(got.names).toContain(kernel);
    cases.forEach(({ title }, i) => {
      reference.results[i]!.forEach((expected, k) => {
        const found = got.results[i]![k]!;
        expect([found.shape, found.dtype], title).toEqual([expected.shape, expected.dtype]);
        expectClose(found.values, expected.values, `${title}, ${k === 0 ? "output" : `gradient ${k - 1}`}`);
      });
    });
    if (!NO_OPERATION.includes(kernel)) expect(registered!.backend.fallbacks.get(kernel)).toBeUndefined();
  });
});
