import { tf } from "../../../tf.ts";
import { convert } from "../stablehlo/elementwise.ts";
import { broadcastTo } from "../stablehlo/shape.ts";
import type { Value } from "../stablehlo/value.ts";

/** Inputs of a kernel by name; those that a call leaves out are absent. */
export type Inputs = Readonly<Record<string, Value>>;

/**
 * What a kernel of tfjs computes, as operations. `list`: the inputs in order, of kernels that take a list. Undefined:
 * not for these inputs, which tfjs's cpu kernel then takes. Each kernel names the type of its own attributes.
 */
export type Lowering = (
  inputs: Inputs,
  attrs: never,
  list: readonly Value[],
) => Value | readonly Value[] | undefined;

export type Lowerings = Readonly<Record<string, Lowering>>;

/** Two values in one type and in the shape that they broadcast to. */
export function together(a: Value, b: Value): [Value, Value] {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
  const mixed = a.type === "float32" || b.type === "float32" ? "float32" : "int32";
  const type = a.type === b.type ? a.type : mixed;
  return [broadcastTo(convert(a, type), shape), broadcastTo(convert(b, type), shape)];
}

/** Axes as tfjs's attributes name them, none for all, as numbers from 0. */
export const axesOf = (axis: number | readonly number[] | null | undefined, x: Value): number[] =>
  tf.util.parseAxisParam(axis as number | number[], [...x.shape]);

export const axisOf = (axis: number | undefined, rank: number): number =>
  (axis ?? 0) < 0 ? rank + axis! : (axis ?? 0);

/** All axes but the last one, which is that of channels. */
export const spaceAxes = (x: Value): number[] => x.shape.map((_, d) => d).slice(0, -1);
