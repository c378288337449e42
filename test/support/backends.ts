import { describe } from "vitest";
import { findLibrary } from "../../src/backends/tensorflow/library.ts";
import { useBackend } from "../../src/backends/use_backend.ts";
import { findPlugin } from "../../src/backends/xla/plugins/find.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, tf } from "../../src/tf.ts";

export const hasTensorFlow = findLibrary() !== undefined;

/** The backends that train on this machine. */
export const trainingBackends = ["wasm", ...(hasTensorFlow ? (["tensorflow"] as const) : [])] as const;

/** A plugin of XLA for processors: that of `vae setup xla --cpu`, or the file that TFJS_VAE_XLA_CPU names. */
export const xlaPlugin = findPlugin("cpu");

/** Those, and XLA, which takes a second or more to compile what a model computes between two readings. */
export const allBackends: readonly string[] = [
  ...trainingBackends,
  ...(xlaPlugin === undefined ? [] : ["xla:cpu"]),
];

/** XLA's compiler at its quickest, for the rest of this process; to be called before it is started. */
export function compileQuickly(): void {
  process.env.XLA_FLAGS ??= "--xla_backend_optimization_level=0";
}

/** Makes a backend tfjs's own; of XLA one that leaves nothing to JavaScript for being small. */
export async function useWhole(name: string): Promise<void> {
  if (name.startsWith("xla")) {
    const { registerXla } = await import("../../src/backends/xla/register.ts");
    registerXla({ platform: "cpu", small: 0, say: () => {} });
  }
  await useBackend(name);
}

/** Tests of what only TensorFlow has; skipped where it is not set up. */
export const describeTensorFlow = describe.skipIf(!hasTensorFlow);

/** Values of a shape, uniform in [-1, 1), the same for the same name. */
export function randomValues(shape: readonly number[], name: string): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  return Rng.fromSeed(7)
    .fold(name)
    .uniformArray(count)
    .map((v) => 2 * v - 1);
}

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** What `f` makes of random inputs on a backend. */
export async function onBackend(
  backend: "cpu" | "wasm",
  shapes: readonly (readonly number[])[],
  f: (inputs: Tensor[]) => Tensor | Tensor[],
): Promise<Values[]> {
  await useBackend(backend);
  const results = tf.tidy(() => {
    const inputs = shapes.map((shape, i) => tf.tensor(randomValues(shape, `${i}`), [...shape]));
    return f(inputs);
  });
  const values = [results].flat().map((t) => ({ shape: t.shape, data: t.dataSync() }));
  tf.dispose(results);
  return values;
}

/** The largest difference of two tensors, as a share of the first one's largest value. */
export function relativeDifference(expected: Values, got: Values): number {
  if (expected.shape.join() !== got.shape.join())
    throw new Error(`shapes differ: ${expected.shape} and ${got.shape}`);
  let worst = 0;
  let largest = 1e-30;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [expected.data[i]!, got.data[i]!];
    if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b)) || a === b) continue;
    const difference = Math.abs(a - b);
    if (!(difference <= worst)) worst = difference;
  }
  for (const v of expected.data) if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  return worst / largest;
}
