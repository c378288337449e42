import type { Shape } from "./types.ts";
import { operation, type Value } from "./value.ts";

/** Stands in an operation's text for the precision, which the module's emission knows. */
export const PRECISION = "$PRECISION";

interface DotOptions {
  /** Axes of each that go side by side. */
  readonly batch?: readonly [readonly number[], readonly number[]];
  /** In the operands' own type, whatever the step's precision. */
  readonly exact?: boolean;
}

/** A product over the axes `over` of each. */
export function dot(
  a: Value,
  b: Value,
  over: readonly [number, number],
  { batch = [[], []], exact = false }: DotOptions = {},
): Value {
  const precision = exact ? "HIGHEST" : PRECISION;
  const free = (x: Value, i: 0 | 1) => x.shape.filter((_, d) => d !== over[i] && !batch[i].includes(d));
  const batching = batch[0].length > 0 ? ` batching_dims = [${batch[0]}] x [${batch[1]}],` : "";
  return operation(
    [...batch[0].map((d) => a.shape[d]!), ...free(a, 0), ...free(b, 1)],
    a.type,
    "dot_general",
    [a, b],
    ([x, y], [s, t], type) =>
      `stablehlo.dot_general ${x}, ${y},${batching} contracting_dims = [${over[0]}] x [${over[1]}], precision = [${precision}, ${precision}] : (${s}, ${t}) -> ${type}`,
    { lowers: !exact },
  );
}

/** Of a convolution, height and width. Padding: before and behind; negative cuts. */
export interface ConvolutionWindow {
  readonly strides?: readonly [number, number];
  readonly padding: readonly (readonly [number, number])[];
  readonly lhsDilation?: readonly [number, number];
  readonly rhsDilation?: readonly [number, number];
  readonly groups?: number;
}

/** @param dims which axes are batch, feature and space: `[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]` */
export function convolution(
  x: Value,
  filter: Value,
  dims: string,
  shape: Shape,
  window: ConvolutionWindow,
): Value {
  const { strides = [1, 1], padding, lhsDilation = [1, 1], rhsDilation = [1, 1], groups = 1 } = window;
  const pads = padding.map((p) => `[${p.join(", ")}]`).join(", ");
  const geometry = `stride = [${strides}], pad = [${pads}], lhs_dilate = [${lhsDilation}], rhs_dilate = [${rhsDilation}]`;
  const precision = `precision_config = [#stablehlo<precision ${PRECISION}>, #stablehlo<precision ${PRECISION}>]`;
  return operation(
    shape,
    x.type,
    "convolution",
    [x, filter],
    ([a, b], [s, t], type) =>
      `stablehlo.convolution(${a}, ${b}) dim_numbers = ${dims}, window = {${geometry}} {batch_group_count = 1 : i64, feature_group_count = ${groups} : i64, ${precision}} : (${s}, ${t}) -> ${type}`,
    { lowers: true },
  );
}
