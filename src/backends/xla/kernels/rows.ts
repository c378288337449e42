import type { GatherV2Attrs, OneHotAttrs, UnsortedSegmentSumAttrs } from "@tensorflow/tfjs";
import { compare, constant, select } from "../stablehlo/elementwise.ts";
import { gather, segmentSum } from "../stablehlo/gather.ts";
import { broadcast, iota } from "../stablehlo/shape.ts";
import type { HostType } from "../stablehlo/types.ts";
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

export const rowKernels: Lowerings = {
  GatherV2: ({ x, indices }, { axis, batchDims }: GatherV2Attrs) =>
    (batchDims ?? 0) !== 0 || indices!.type !== "int32"
      ? undefined
      : gather(x!, indices!, axisOf(axis, x!.shape.length)),
  OneHot: ({ indices }, attrs: OneHotAttrs) =>
    indices!.type === "int32" ? oneHot(indices!, attrs) : undefined,
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }: UnsortedSegmentSumAttrs) =>
    segmentSum(x!, segmentIds!, numSegments),
};
