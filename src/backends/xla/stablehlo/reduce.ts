import { constant } from "./elementwise.ts";
import { type ElementType, type Shape, tensorType } from "./types.ts";
import { operation, type Value } from "./value.ts";

export type Reducer = "add" | "multiply" | "maximum" | "minimum" | "and" | "or";

/** What a reduction starts from. */
function neutral(by: Reducer, type: ElementType): number {
  switch (by) {
    case "add":
    case "or":
      return 0;
    case "multiply":
    case "and":
      return 1;
    case "maximum":
      if (type === "uint8") return 0;
      return type === "int32" ? -(2 ** 31) : Number.NEGATIVE_INFINITY;
    case "minimum":
      if (type === "uint8") return 255;
      return type === "int32" ? 2 ** 31 - 1 : Number.POSITIVE_INFINITY;
  }
}

/** Over `axes`, which go. */
export function reduce(by: Reducer, x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  return operation(
    x.shape.filter((_, d) => !axes.includes(d)),
    x.type,
    "reduce",
    [x, constant(x.type, neutral(by, x.type))],
    ([a, from], [s, t], type) =>
      `stablehlo.reduce(${a} init: ${from}) applies stablehlo.${by} across dimensions = [${axes.join(", ")}] : (${s}, ${t}) -> ${type}`,
  );
}

/** A window that slides, by axis. Padding: before and behind, 0 or more. */
export interface SlidingWindow {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
}

const windowText = ({ size, strides, padding }: SlidingWindow): string =>
  `padding = dense<[${padding.map((p) => `[${p.join(", ")}]`).join(", ")}]> : tensor<${padding.length}x2xi64>, ` +
  `window_dimensions = ${longs(size)}, window_strides = ${longs(strides)}`;

export const longs = (values: readonly number[]): string => `array<i64: ${values.join(", ")}>`;

/** A region of one operation on two scalars. */
const region = (operationText: string, operand: string, result = operand): string =>
  `{ ^bb0(%l: ${operand}, %r: ${operand}): %m = ${operationText} stablehlo.return %m : ${result} }`;

/** Over each place of a window. */
export function reduceWindow(by: Reducer, x: Value, shape: Shape, window: SlidingWindow): Value {
  const scalar = tensorType([], x.type);
  return operation(
    shape,
    x.type,
    "reduce_window",
    [x, constant(x.type, neutral(by, x.type))],
    ([a, from], [s, t], type) =>
      `"stablehlo.reduce_window"(${a}, ${from}) <{${windowText(window)}}> (${region(`stablehlo.${by} %l, %r : ${scalar}`, scalar)}) : (${s}, ${t}) -> ${type}`,
  );
}

/** The gradient of a max pooling: each of `dy` is added where its window of `x` has its first largest value. */
export function scatterToLargest(x: Value, dy: Value, window: SlidingWindow): Value {
  const scalar = tensorType([], x.type);
  const larger = region(
    `stablehlo.compare GE, %l, %r : (${scalar}, ${scalar}) -> tensor<i1>`,
    scalar,
    "tensor<i1>",
  );
  const sum = region(`stablehlo.add %l, %r : ${scalar}`, scalar);
  return operation(
    x.shape,
    x.type,
    "select_and_scatter",
    [x, dy, constant(x.type, 0)],
    ([a, b, zero], [s, t, u], type) =>
      `"stablehlo.select_and_scatter"(${a}, ${b}, ${zero}) <{${windowText(window)}}> (${larger}, ${sum}) : (${s}, ${t}, ${u}) -> ${type}`,
  );
}
