import { constant } from "./elementwise.ts";
import { longs, region } from "./reduce.ts";
import { tensorType } from "./types.ts";
import { operation, type Value } from "./value.ts";

/** The entries of `x` along an axis at `indices` (int32), whose axes take that axis's place. */
export function gather(x: Value, indices: Value, axis: number): Value {
  const rank = indices.shape.length;
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const offset = shape.map((_, d) => d).filter((d) => d < axis || d >= axis + rank);
  const sizes = longs(x.shape.map((n, d) => (d === axis ? 1 : n)));
  return operation(
    shape,
    x.type,
    "gather",
    [x, indices],
    ([a, i], [s, t], type) =>
      `"stablehlo.gather"(${a}, ${i}) <{dimension_numbers = #stablehlo.gather<offset_dims = [${offset}], collapsed_slice_dims = [${axis}], start_index_map = [${axis}], index_vector_dim = ${rank}>, slice_sizes = ${sizes}, indices_are_sorted = false}> : (${s}, ${t}) -> ${type}`,
  );
}

/** For each of `count` segments the sum of the rows of `x` whose `ids` (int32) name it; others are left out. */
export function segmentSum(x: Value, ids: Value, count: number): Value {
  const rank = ids.shape.length;
  const row = x.shape.slice(rank);
  const scalar = tensorType([], x.type);
  const sum = region(`stablehlo.add %l, %r : ${scalar}`, scalar);
  return operation(
    [count, ...row],
    x.type,
    "scatter",
    [constant(x.type, 0, [count, ...row]), ids, x],
    ([zeros, i, a], [s, t, u], type) =>
      `"stablehlo.scatter"(${zeros}, ${i}, ${a}) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [${row.map((_, d) => d + rank)}], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = ${rank}>, indices_are_sorted = false, unique_indices = false}> (${sum}) : (${s}, ${t}, ${u}) -> ${type}`,
  );
}
