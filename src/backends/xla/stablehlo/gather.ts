import { longs } from "./reduce.ts";
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
