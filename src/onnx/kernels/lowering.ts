import { tf } from "../../tf.ts";
import { longs, node, type Ref } from "../graph.ts";
import { Unexportable } from "../unexportable.ts";
import { Value, type ValueType } from "../value.ts";

/** Inputs of a kernel by name; those that a call leaves out are absent. */
export type Inputs = Readonly<Record<string, Value>>;

/**
 * What a kernel of tfjs is in ONNX, of inputs that aren't all constant. `list`: the inputs in order, of kernels that take a
 * list; `batch`: the length of the batch's axis. Undefined: it is nothing there, for these inputs.
 */
export type Lowering = (
  inputs: Inputs,
  attrs: never,
  list: readonly Value[],
  batch: number,
) => Value | readonly Value[] | undefined;

export type Lowerings = Readonly<Record<string, Lowering>>;

export const plain = (shape: readonly number[], type: ValueType, ref: Ref, batch: number): Value =>
  new Value(shape, type, { plain: ref }, batch);

export const channelsFirst = (shape: readonly number[], type: ValueType, ref: Ref, batch: number): Value =>
  new Value(shape, type, { first: ref }, batch);

/** The same tensor after a node of one input that treats each number alike. */
export const alike = (x: Value, type: ValueType, make: (ref: Ref) => Ref, batch: number): Value =>
  x.isFirst ? channelsFirst(x.shape, type, make(x.first), batch) : plain(x.shape, type, make(x.plain), batch);

/** In another shape. @throws Unexportable where two axes depend on the batch */
export function reshaped(x: Value, shape: readonly number[], batch: number): Value {
  return plain(shape, x.type, node("Reshape", [x.plain, longs(reshapeTarget(shape, batch))]), batch);
}

function reshapeTarget(shape: readonly number[], batch: number): number[] {
  const target = shape.map((n) => (n > 0 && n % batch === 0 ? -1 : n));
  if (target.filter((n) => n === -1).length > 1)
    throw new Unexportable("two axes of one of its tensors are as long as the batch");
  return target;
}

export const convert = (x: Value, type: ValueType, batch: number): Value => {
  if (x.type === type) return x;
  const to = { float32: 1, int32: 6, bool: 9 }[type];
  return alike(x, type, (ref) => node("Cast", [ref], { to }), batch);
};

/**
 * A node of two tensors that broadcast. Two of four axes meet channels first where one of them is so already.
 *
 * @param type of the result; left out: that of the tensors
 */
export function binary(op: string, x: Value, y: Value, batch: number, type?: ValueType): Value {
  const mixed =
    x.type === "float32" || y.type === "float32" ? "float32" : x.type === y.type ? x.type : "int32";
  const cast = (v: Value) =>
    v.isConstant && v.type !== mixed && v.uniform !== undefined
      ? new Value(
          v.shape,
          mixed,
          { host: (mixed === "float32" ? Float32Array : Int32Array).of(v.uniform) },
          batch,
        )
      : convert(v, mixed, batch);
  const [a, b] = [cast(x), cast(y)];
  const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
  const result = type ?? mixed;
  const whole = (v: Value) => String(v.shape) === String(shape);
  // one number for all: it is broadcast, unless the result's shape is its own
  const other = (v: Value, beside: Value) =>
    whole(beside) && v.uniform !== undefined ? v.operand : undefined;
  if (shape.length === 4 && (a.isFirst || b.isFirst)) {
    const form = (v: Value, beside: Value): Ref | undefined => {
      const number = other(v, beside);
      if (number !== undefined) return number;
      if (v.shape.length === 4) return v.first;
      if (v.isConstant && v.shape.length === 1)
        return new Value([v.shape[0]!, 1, 1], v.type, v.given, batch).plain;
      return v.shape.length === 0 ? v.plain : undefined;
    };
    const [left, right] = [form(a, b), form(b, a)];
    if (left !== undefined && right !== undefined)
      return channelsFirst(shape, result, node(op, [left, right]), batch);
  }
  const left = other(a, b) ?? a.plain;
  const right = other(b, a) ?? b.plain;
  return plain(shape, result, node(op, [left, right]), batch);
}

export const number = (value: number, type: ValueType, batch: number): Value =>
  new Value([], type, { host: (type === "float32" ? Float32Array : Int32Array).of(value) }, batch);

/** Axes as tfjs's attributes name them, none for all, as numbers from 0. */
export const axesOf = (axis: number | readonly number[] | null | undefined, x: Value): number[] =>
  tf.util.parseAxisParam(axis as number | number[], [...x.shape]);

export const axisOf = (axis: number | undefined, rank: number): number =>
  (axis ?? 0) < 0 ? rank + axis! : (axis ?? 0);

/** A part of each axis; axes that are whole are left alone, that of the batch among them. */
export function sliced(x: Value, begin: readonly number[], size: readonly number[], batch: number): Value {
  const cut = x.shape.map((_, d) => d).filter((d) => begin[d] !== 0 || size[d] !== x.shape[d]);
  if (cut.length === 0) return x;
  if (cut.some((d) => x.shape[d]! % batch === 0))
    throw new Unexportable("it takes some images out of a batch");
  const starts = cut.map((d) => begin[d]!);
  const ends = cut.map((d) => begin[d]! + size[d]!);
  if (x.isFirst) {
    const place = [0, 2, 3, 1];
    const ref = node("Slice", [x.first, longs(starts), longs(ends), longs(cut.map((d) => place[d]!))]);
    return channelsFirst(size, x.type, ref, batch);
  }
  return plain(size, x.type, node("Slice", [x.plain, longs(starts), longs(ends), longs(cut)]), batch);
}
