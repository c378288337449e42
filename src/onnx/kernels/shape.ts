import type {
  ConcatAttrs,
  ExpandDimsAttrs,
  PackAttrs,
  PadV2Attrs,
  ReshapeAttrs,
  SliceAttrs,
  SplitVAttrs,
  TileAttrs,
  TransposeAttrs,
  UnpackAttrs,
} from "../../tf.ts";
import { tf } from "../../tf.ts";
import { longs, node } from "../graph.ts";
import { scalar, sizeOf, Value } from "../value.ts";
import { axisOf, channelsFirst, type Lowerings, number, plain, reshaped, sliced } from "./lowering.ts";

/** tfjs's helpers ask a tensor for its shape alone. */
const tensorLike = (x: Value) => ({ shape: [...x.shape] }) as never;

function transposed(x: Value, perm: readonly number[], batch: number): Value {
  const shape = perm.map((d) => x.shape[d]!);
  const order = String(perm);
  if (order === "0,3,1,2") return plain(shape, x.type, x.first, batch);
  if (order === "0,2,3,1") return channelsFirst(shape, x.type, x.plain, batch);
  return plain(shape, x.type, node("Transpose", [x.plain], { perm }), batch);
}

function concatenated(list: readonly Value[], axis: number, batch: number): Value {
  const shape = list[0]!.shape.with(
    axis,
    list.reduce((sum, x) => sum + x.shape[axis]!, 0),
  );
  const type = list[0]!.type;
  const given = list.filter((x) => sizeOf(x.shape) > 0).map((x) => filled(x, list, batch));
  if (given.length === 1) return given[0]!;
  if (given.some((x) => x.isFirst)) {
    const first = given.map((x) => x.first);
    return channelsFirst(shape, type, node("Concat", first, { axis: [0, 2, 3, 1][axis]! }), batch);
  }
  const parts = given.map((x) => x.plain);
  return plain(shape, type, node("Concat", parts, { axis }), batch);
}

/** One number for each image of a batch as a tensor that is as long as the batch; others as they are. */
function filled(x: Value, list: readonly Value[], batch: number): Value {
  if (x.uniform === undefined || !x.shape.some((n) => n % batch === 0)) return x;
  const model = list.find((other) => !other.isConstant);
  if (model === undefined || x.shape[0] !== batch || model.shape[0] !== batch) return x;
  const count = node("Slice", [node("Shape", [model.plain]), longs([0]), longs([1])]);
  const shape = node("Concat", [count, longs(x.shape.slice(1))], { axis: 0 });
  return plain(x.shape, x.type, node("Expand", [scalar(x.type, x.uniform), shape]), batch);
}

function split(x: Value, { numOrSizeSplits, axis }: SplitVAttrs, batch: number): Value[] {
  const along = axisOf(axis, x.shape.length);
  const sizes: number[] = tf.backend_util.prepareSplitSize(tensorLike(x), numOrSizeSplits, along);
  let from = 0;
  return sizes.map((n) => {
    const begin = x.shape.map((_, d) => (d === along ? from : 0));
    from += n;
    return sliced(x, begin, x.shape.with(along, n), batch);
  });
}

export const shapeKernels: Lowerings = {
  Concat: (_, { axis }: ConcatAttrs, list, batch) =>
    concatenated(list, axisOf(axis, list[0]!.shape.length), batch),
  ExpandDims: ({ input }, { dim }: ExpandDimsAttrs, _, batch) => {
    const at = dim < 0 ? input!.shape.length + 1 + dim : dim;
    return reshaped(input!, input!.shape.toSpliced(at, 0, 1), batch);
  },
  OnesLike: ({ x }, _, __, batch) => new Value(x!.shape, x!.type, number(1, x!.type, batch).given, batch),
  Pack: (_, { axis }: PackAttrs, list, batch) => {
    const along = axisOf(axis, list[0]!.shape.length + 1);
    const apart = list.map((x) => reshaped(x, x.shape.toSpliced(along, 0, 1), batch));
    return concatenated(apart, along, batch);
  },
  PadV2: ({ x }, { paddings, constantValue }: PadV2Attrs, _, batch) => {
    const shape = x!.shape.map((n, d) => n + paddings[d]![0] + paddings[d]![1]);
    const ends = (order: readonly number[]) =>
      longs([...order.map((d) => paddings[d]![0]), ...order.map((d) => paddings[d]![1])]);
    const value = scalar(x!.type, constantValue);
    return x!.isFirst
      ? channelsFirst(shape, x!.type, node("Pad", [x!.first, ends([0, 3, 1, 2]), value]), batch)
      : plain(shape, x!.type, node("Pad", [x!.plain, ends(shape.map((_, d) => d)), value]), batch);
  },
  Reshape: ({ x }, { shape }: ReshapeAttrs, _, batch) => {
    const target = tf.util.inferFromImplicitShape(shape, sizeOf(x!.shape));
    return String(target) === String(x!.shape) ? x! : reshaped(x!, target, batch);
  },
  Select: ({ condition, t, e }, _, __, batch) => {
    const missing = t!.shape.length - condition!.shape.length;
    const ones = Array<number>(Math.max(0, missing)).fill(1);
    const rows = missing > 0 ? reshaped(condition!, [...condition!.shape, ...ones], batch) : condition!;
    return plain(t!.shape, t!.type, node("Where", [rows.plain, t!.operand, e!.operand]), batch);
  },
  Slice: ({ x }, { begin, size }: SliceAttrs, _, batch) => {
    const [from, sizes] = tf.slice_util.parseSliceParams(tensorLike(x!), begin, size);
    return sliced(x!, from as number[], sizes as number[], batch);
  },
  SplitV: ({ x }, attrs: SplitVAttrs, _, batch) => split(x!, attrs, batch),
  Tile: ({ x }, { reps }: TileAttrs, _, batch) => {
    const shape = x!.shape.map((n, d) => n * reps[d]!);
    if (reps.some((n) => n % batch === 0)) return undefined;
    return plain(shape, x!.type, node("Tile", [x!.plain, longs(reps)]), batch);
  },
  Transpose: ({ x }, { perm }: TransposeAttrs, _, batch) => transposed(x!, perm, batch),
  Unpack: ({ value }, { axis }: UnpackAttrs, _, batch) => {
    const along = axisOf(axis, value!.shape.length);
    return Array.from({ length: value!.shape[along]! }, (_, i) => {
      const begin = value!.shape.map((__, d) => (d === along ? i : 0));
      const one = sliced(value!, begin, value!.shape.with(along, 1), batch);
      return reshaped(one, value!.shape.toSpliced(along, 1), batch);
    });
  },
  ZerosLike: ({ x }, _, __, batch) => new Value(x!.shape, x!.type, number(0, x!.type, batch).given, batch),
};
