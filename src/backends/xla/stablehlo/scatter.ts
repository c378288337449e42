import { operation, type Value } from "./value.ts";

/** `x` with `rows` in place of those at `indices` (int32, [B], each once) of its first axis. */
export function setRows(x: Value, indices: Value, rows: Value): Value {
  const window = x.shape.map((_, d) => d).slice(1);
  const numbers = `#stablehlo.scatter<update_window_dims = [${window}], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>`;
  const one = `tensor<${x.typeText.replace(/^tensor<(?:\d+x)*|>$/g, "")}>`;
  return operation(
    x.shape,
    x.type,
    "scatter",
    [x, indices, rows],
    ([a, i, r], [s, t, u], type) =>
      `"stablehlo.scatter"(${a}, ${i}, ${r}) <{scatter_dimension_numbers = ${numbers}, indices_are_sorted = false, unique_indices = true}> ({ ^bb0(%old: ${one}, %new: ${one}): stablehlo.return %new : ${one} }) : (${s}, ${t}, ${u}) -> ${type}`,
  );
}
