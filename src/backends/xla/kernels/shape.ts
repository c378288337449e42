import type {
  ConcatAttrs,
  ExpandDimsAttrs,
  FillAttrs,
  PackAttrs,
  PadV2Attrs,
  ReshapeAttrs,
  ReverseAttrs,
  SliceAttrs,
  SplitVAttrs,
  TileAttrs,
  TransposeAttrs,
  UnpackAttrs,
} from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import { constant, like, select } from "../stablehlo/elementwise.ts";
import {
  broadcastTo,
  concatenate,
  pad,
  reshape,
  reverse,
  slice,
  sliceAxis,
  transpose,
} from "../stablehlo/shape.ts";
import { sizeOf } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import { axesOf, axisOf, type Lowerings, together } from "./lowering.ts";

/** With an axis of length 1 at place `axis`. */
const expand = (x: Value, axis: number): Value => reshape(x, x.shape.toSpliced(axis, 0, 1));

function split(x: Value, { numOrSizeSplits, axis }: SplitVAttrs): Value[] {
  const along = axisOf(axis, x.shape.length);
  const sizes: number[] = tf.backend_util.prepareSplitSize(tensorLike(x), numOrSizeSplits, along);
  let from = 0;
  return sizes.map((n) => {
    from += n;
    return sliceAxis(x, along, from - n, from);
  });
}

function unpack(x: Value, axis: number): Value[] {
  const along = axisOf(axis, x.shape.length);
  const shape = x.shape.toSpliced(along, 1);
  return Array.from({ length: x.shape[along]! }, (_, i) => reshape(sliceAxis(x, along, i, i + 1), shape));
}

function sliced(x: Value, { begin, size }: SliceAttrs): Value {
  const [from, sizes] = tf.slice_util.parseSliceParams(tensorLike(x), begin, size);
  return slice(x, from as number[], sizes as number[]);
}

/** One condition a row, or one an element. */
function choose(condition: Value, t: Value, e: Value): Value {
  const [a, b] = together(t, e);
  const missing = a.shape.length - condition.shape.length;
  const rows =
    missing > 0 ? reshape(condition, [...condition.shape, ...Array<number>(missing).fill(1)]) : condition;
  return select(broadcastTo(rows, a.shape), a, b);
}

/** tfjs's helpers ask a tensor for its shape alone. */
const tensorLike = (x: Value) => ({ shape: [...x.shape] }) as never;

export const shapeKernels: Lowerings = {
  Concat: (_, { axis }: ConcatAttrs, list) => concatenate(list, axisOf(axis, list[0]!.shape.length)),
  ExpandDims: ({ input }, { dim }: ExpandDimsAttrs) =>
    expand(input!, dim < 0 ? input!.shape.length + 1 + dim : dim),
  Fill: (_, { shape, value, dtype = tf.util.inferDtype(value) }: FillAttrs) =>
    dtype === "float32" || dtype === "int32" || dtype === "bool"
      ? constant(dtype, Number(value), shape)
      : undefined,
  OnesLike: ({ x }) => like(x!, 1),
  Pack: (_, { axis }: PackAttrs, list) => {
    const along = axisOf(axis, list[0]!.shape.length + 1);
    return concatenate(
      list.map((x) => expand(x, along)),
      along,
    );
  },
  PadV2: ({ x }, { paddings, constantValue }: PadV2Attrs) =>
    pad(
      x!,
      paddings.map(([before]) => before),
      paddings.map(([, behind]) => behind),
      constantValue,
    ),
  Reshape: ({ x }, { shape }: ReshapeAttrs) =>
    reshape(x!, tf.util.inferFromImplicitShape(shape, sizeOf(x!.shape))),
  Reverse: ({ x }, { dims }: ReverseAttrs) => (x!.shape.length === 0 ? x! : reverse(x!, axesOf(dims, x!))),
  Select: ({ condition, t, e }) => choose(condition!, t!, e!),
  Slice: ({ x }, attrs: SliceAttrs) => sliced(x!, attrs),
  SplitV: ({ x }, attrs: SplitVAttrs) => split(x!, attrs),
  Tile: ({ x }, { reps }: TileAttrs) =>
    reps.reduce((y, times, d) => concatenate(Array<Value>(times).fill(y), d), x!),
  Transpose: ({ x }, { perm }: TransposeAttrs) => transpose(x!, perm),
  Unpack: ({ value }, { axis }: UnpackAttrs) => unpack(value!, axis),
  ZerosLike: ({ x }) => like(x!, 0),
};
