import type { GatherV2Attrs, OneHotAttrs, UnsortedSegmentSumAttrs } from "../../../tf.ts";
import { dot } from "../stablehlo/contract.ts";
import { compare, constant, convert, select } from "../stablehlo/elementwise.ts";
import { gather } from "../stablehlo/gather.ts";
import { broadcast, iota, reshape } from "../stablehlo/shape.ts";
import { type HostType, sizeOf } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import { axisOf, type Lowerings } from "./lowering.ts";

function oneHot(indices: Value, { depth, onValue, offValue, dtype }: OneHotAttrs): Value {
  const shape = [...indices.shape, depth];
  const spread = broadcast(
    indices,
    indices.shape.map((_, d) => d),
    shape,
  );
  const hit = compare("EQ", spread, iota(shape, shape.length - 1));
  const type = (dtype ?? "int32") as HostType;
  return select(hit, constant(type, onValue, shape), constant(type, offValue, shape));
}

/**
 * For each segment the sum of its rows, as a product with the segments' one-hot rows: GPUs would scatter in any order, so
 * that no run gave the same bits, or one row after the other. Rows of no segment are left out.
 */
function segmentSum(x: Value, ids: Value, count: number): Value {
  const rows = sizeOf(ids.shape);
  const rest = x.shape.slice(ids.shape.length);
  const shape = [rows, count];
  const spread = broadcast(reshape(ids, [rows]), [0], shape);
  const member = convert(compare("EQ", spread, iota(shape, 1)), x.type);
  const sums = dot(member, reshape(x, [rows, sizeOf(rest)]), [0, 0], { exact: true });
  return reshape(sums, [count, ...rest]);
}

export const rowKernels: Lowerings = {
  GatherV2: ({ x, indices }, { axis, batchDims }: GatherV2Attrs) =>
    (batchDims ?? 0) !== 0 || indices!.type !== "int32"
      ? undefined
      : gather(x!, indices!, axisOf(axis, x!.shape.length)),
  OneHot: ({ indices }, attrs: OneHotAttrs) =>
    indices!.type === "int32" ? oneHot(indices!, attrs) : undefined,
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }: UnsortedSegmentSumAttrs) =>
    segmentIds!.type === "int32" ? segmentSum(x!, segmentIds!, numSegments) : undefined,
};
