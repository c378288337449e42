import type { GatherV2Attrs, OneHotAttrs, UnsortedSegmentSumAttrs } from "../../../tf.ts";
import { dot } from "../stablehlo/contract.ts";
import { compare, constant, convert, select } from "../stablehlo/elementwise.ts";
import { gather } from "../stablehlo/gather.ts";
import { addRows } from "../stablehlo/scatter.ts";
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
 * The most entries of one-hot rows: 1 GB of floats; and where there are more segments than rows, so that most are of one row
 * or none.
 */
const MOST_ONE_HOT = { repeated: 2 ** 28, apart: 2 ** 22 };

/**
 * For each segment the sum of its rows; rows of no segment are left out. As a product with the segments' one-hot rows, for
 * GPUs would scatter in any order, so that no run gave the same bits. Where these would be too large, as those of a
 * batch's pixels, rows are scattered: bits that repeat where no segment has several, as in the gradient of what was cut out.
 */
function segmentSum(x: Value, ids: Value, count: number): Value {
  const rows = sizeOf(ids.shape);
  const rest = x.shape.slice(ids.shape.length);
  const [flatIds, flat] = [reshape(ids, [rows]), reshape(x, [rows, sizeOf(rest)])];
  const shape = [rows, count];
  const member = () => convert(compare("EQ", broadcast(flatIds, [0], shape), iota(shape, 1)), x.type);
  const sums =
    rows * count > (count > rows ? MOST_ONE_HOT.apart : MOST_ONE_HOT.repeated)
      ? addRows(constant(x.type as HostType, 0, [count, sizeOf(rest)]), flatIds, flat)
      : dot(member(), flat, [0, 0], { exact: true });
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
