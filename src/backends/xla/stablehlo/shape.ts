import { constant } from "./elementwise.ts";
import { type Shape, sameShape } from "./types.ts";
import { operation, type Value } from "./value.ts";

/** The axes of `x` become the axes `dims` of `shape`; along others it repeats. */
export const broadcast = (x: Value, dims: readonly number[], shape: Shape): Value =>
  operation(
    shape,
    x.type,
    "broadcast_in_dim",
    [x],
    ([a], [s], type) => `stablehlo.broadcast_in_dim ${a}, dims = [${dims.join(", ")}] : (${s}) -> ${type}`,
  );

/** To a shape, as NumPy broadcasts. */
export function broadcastTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const offset = shape.length - x.shape.length;
  const kept = x.shape.flatMap((n, i) => (n === 1 && shape[i + offset] !== 1 ? [] : [i]));
  const squeezed = reshape(
    x,
    kept.map((i) => x.shape[i]!),
  );
  return broadcast(
    squeezed,
    kept.map((i) => i + offset),
    shape,
  );
}

export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape)
    ? x
    : operation(
        shape,
        x.type,
        "reshape",
        [x],
        ([a], [s], type) => `stablehlo.reshape ${a} : (${s}) -> ${type}`,
      );

export const transpose = (x: Value, order: readonly number[]): Value =>
  operation(
    order.map((d) => x.shape[d]!),
    x.type,
    "transpose",
    [x],
    ([a], [s], type) => `stablehlo.transpose ${a}, dims = [${order.join(", ")}] : (${s}) -> ${type}`,
  );

/** `size` elements from `begin` on along each axis, `stride` apart. */
export function slice(
  x: Value,
  begin: readonly number[],
  size: readonly number[],
  stride: readonly number[] = begin.map(() => 1),
): Value {
  if (sameShape(size, x.shape) && stride.every((n) => n === 1)) return x;
  const ranges = begin.map(
    (b, i) => `${b}:${b + (size[i]! - 1) * stride[i]! + (size[i] === 0 ? 0 : 1)}:${stride[i]}`,
  );
  return operation(
    size,
    x.type,
    "slice",
    [x],
    ([a], [s], type) => `stablehlo.slice ${a} [${ranges.join(", ")}] : (${s}) -> ${type}`,
  );
}

/** The elements `from` to `to` along one axis. */
export const sliceAxis = (x: Value, axis: number, from: number, to: number): Value =>
  slice(
    x,
    x.shape.map((_, d) => (d === axis ? from : 0)),
    x.shape.map((n, d) => (d === axis ? to - from : n)),
  );

/** `value` before and behind each axis; negative numbers cut. */
export const pad = (x: Value, low: readonly number[], high: readonly number[], value = 0): Value =>
  [...low, ...high].every((n) => n === 0)
    ? x
    : operation(
        x.shape.map((n, i) => n + low[i]! + high[i]!),
        x.type,
        "pad",
        [x, constant(x.type, value)],
        ([a, v], [s, t], type) =>
          `stablehlo.pad ${a}, ${v}, low = [${low.join(", ")}], high = [${high.join(", ")}], interior = [${low.map(() => 0).join(", ")}] : (${s}, ${t}) -> ${type}`,
      );

export function concatenate(all: readonly Value[], axis: number): Value {
  const parts = all.filter((x) => x.shape[axis]! > 0);
  if (parts.length === 0) return all[0]!;
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((n, x) => n + x.shape[axis]!, 0);
  return operation(
    parts[0]!.shape.map((n, d) => (d === axis ? length : n)),
    parts[0]!.type,
    "concatenate",
    parts,
    (names, types, type) =>
      `stablehlo.concatenate ${names.join(", ")}, dim = ${axis} : (${types.join(", ")}) -> ${type}`,
  );
}

export const reverse = (x: Value, axes: readonly number[]): Value =>
  operation(
    x.shape,
    x.type,
    "reverse",
    [x],
    ([a], _, type) => `stablehlo.reverse ${a}, dims = [${axes.join(", ")}] : ${type}`,
  );

/** 0, 1, 2 … along an axis, as int32. */
export const iota = (shape: Shape, axis: number): Value =>
  operation(shape, "int32", "iota", [], (_, __, type) => `stablehlo.iota dim = ${axis} : ${type}`);
