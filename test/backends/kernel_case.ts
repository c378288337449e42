import { Rng } from "../../src/rng.ts";
import { type Tensor, tf } from "../../src/tf.ts";

export interface KernelCase {
  readonly title: string;
  readonly inputs: () => Tensor[];
  // biome-ignore lint/suspicious/noExplicitAny: each case knows the ranks of its own inputs
  readonly f: (...x: any[]) => Tensor;
  /**
   * Of float32 inputs: `smooth` where finite differences hold too, `kinked` where a step may cross a kink,
   * `none` where the project never takes it.
   */
  readonly gradient: "smooth" | "kinked" | "none";
}

export const rng = Rng.fromSeed(11);
export const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Inputs of a case are drawn from its title, so the same on each backend. */
export type Draw = (shape: number[], stream: Rng) => Tensor;
export const normal: Draw = (shape, stream) => stream.normal(shape);
export const positive: Draw = (shape, stream) => tf.add(stream.uniform(shape), 0.1);
/** All different, by at least 0.1, and at least 0.05 from 0: no small step changes an order or a sign. */
export const spread: Draw = (shape, stream) => {
  const count = size(shape);
  return tf.tensor(
    Float32Array.from(stream.permutation(count), (p) => (p - Math.ceil(count / 2) + 0.5) * 0.1),
    shape,
  );
};

/** A case whose inputs have `shapes`. */
export const make = (
  title: string,
  shapes: number[][],
  f: KernelCase["f"],
  gradient: KernelCase["gradient"] = "smooth",
  draw: Draw | Draw[] = normal,
): KernelCase => ({
  title,
  inputs: () =>
    shapes.map((shape, i) => (Array.isArray(draw) ? draw[i]! : draw)(shape, rng.fold(title).fold(i))),
  f,
  gradient,
});

export const text = (shapes: number[][]) => shapes.map((s) => `[${s}]`).join(" ");

/** A case of `f` at given values, forward only. */
export const at = (title: string, values: readonly number[], f: (x: Tensor) => Tensor): KernelCase => ({
  title,
  inputs: () => [tf.tensor1d([...values])],
  f,
  gradient: "none",
});
