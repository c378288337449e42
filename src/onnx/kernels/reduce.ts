import type {
  ArgMaxAttrs,
  CumsumAttrs,
  GatherV2Attrs,
  MaxAttrs,
  OneHotAttrs,
  SoftmaxAttrs,
  SumAttrs,
  UnsortedSegmentSumAttrs,
} from "../../tf.ts";
import { longs, node, type Ref } from "../graph.ts";
import { scalar, type Value } from "../value.ts";
import { axesOf, axisOf, convert, type Lowering, type Lowerings, plain } from "./lowering.ts";

/** At this opset the sum has its axes as an input, the others as an attribute. */
function reduced(op: string, x: Value, axis: SumAttrs["axis"], keepDims: boolean, batch: number): Value {
  const axes = axesOf(axis, x);
  const shape = x.shape.flatMap((n, d) => (axes.includes(d) ? (keepDims ? [1] : []) : [n]));
  const keepdims = keepDims ? 1 : 0;
  const ref: Ref =
    op === "ReduceSum"
      ? node(op, [x.plain, longs(axes)], { keepdims })
      : node(op, [x.plain], { axes, keepdims });
  return plain(shape, x.type, ref, batch);
}

const named = (op: string): Lowering =>
  (({ x }: { x?: Value }, attrs: SumAttrs & MaxAttrs, _: unknown, batch: number) => {
    if (x!.type === "bool") return undefined;
    return reduced(op, x!, attrs.axis ?? attrs.reductionIndices, attrs.keepDims, batch);
  }) as Lowering;

const place = (op: string): Lowering =>
  (({ x }: { x?: Value }, { axis }: ArgMaxAttrs, _: unknown, batch: number) => {
    const along = axisOf(axis, x!.shape.length);
    const found = node(op, [x!.plain], { axis: along, keepdims: 0 });
    return plain(x!.shape.toSpliced(along, 1), "int32", node("Cast", [found], { to: 6 }), batch);
  }) as Lowering;

const along = (op: string): Lowering =>
  (({ logits }: { logits?: Value }, attrs: Partial<SoftmaxAttrs>, _: unknown, batch: number) => {
    const axis = axisOf(attrs.dim ?? -1, logits!.shape.length);
    return plain(logits!.shape, "float32", node(op, [logits!.plain], { axis }), batch);
  }) as Lowering;

export const reduceKernels: Lowerings = {
  AddN: (_, __, list, batch) =>
    list.reduce((a, b) => plain(a.shape, a.type, node("Add", [a.operand, b.operand]), batch)),
  ArgMax: place("ArgMax"),
  ArgMin: place("ArgMin"),
  Cumsum: ({ x }, { axis, exclusive, reverse }: CumsumAttrs, _, batch) => {
    const at = scalar("int32", axisOf(axis, x!.shape.length));
    const how = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 };
    return plain(x!.shape, x!.type, node("CumSum", [x!.plain, at], how), batch);
  },
  GatherV2: ({ x, indices }, { axis, batchDims }: GatherV2Attrs, _, batch) => {
    if ((batchDims ?? 0) !== 0) return undefined;
    const at = axisOf(axis, x!.shape.length);
    const shape = x!.shape.toSpliced(at, 1, ...indices!.shape);
    const ref = node("Gather", [x!.plain, convert(indices!, "int32", batch).plain], { axis: at });
    return plain(shape, x!.type, ref, batch);
  },
  LogSoftmax: along("LogSoftmax"),
  Max: named("ReduceMax"),
  Mean: named("ReduceMean"),
  Min: named("ReduceMin"),
  OneHot: ({ indices }, { depth, onValue, offValue, dtype }: OneHotAttrs, _, batch) => {
    const type = dtype === "float32" ? "float32" : "int32";
    const Values = type === "float32" ? Float32Array : Int32Array;
    const values = {
      kind: "constant",
      tensor: { type, dims: [2], data: Values.of(offValue, onValue) },
    } as const;
    const ref = node("OneHot", [indices!.plain, longs([depth]), values], { axis: -1 });
    return plain([...indices!.shape, depth], type, ref, batch);
  },
  Prod: named("ReduceProd"),
  Softmax: along("Softmax"),
  Sum: named("ReduceSum"),
  /** Of training's running statistics: no output needs it. */
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }: UnsortedSegmentSumAttrs, _, batch) => {
    const why = "it runs UnsortedSegmentSum, which has no form in ONNX here";
    const shape = [numSegments, ...x!.shape.slice(segmentIds!.shape.length)];
    return plain(shape, x!.type, { kind: "problem", why }, batch);
  },
};
