import { operation, type Value } from "./value.ts";

/** `x` with `rows` in place of those at `indices` (int32, [B], each once) of its first axis. */
export const setRows = (x: Value, indices: Value, rows: Value): Value =>
  scatter(x, indices, rows, { unique: true, body: () => "stablehlo.return %new" });

/**
 * `x` with `rows` added to those at `indices` (int32, [B]) of its first axis; rows for indices outside are left out. Where
 * several rows have one index, a GPU adds them in any order.
 */
export const addRows = (x: Value, indices: Value, rows: Value): Value =>
  scatter(x, indices, rows, {
    unique: false,
    body: (one) => `%sum = stablehlo.add %old, %new : ${one} stablehlo.return %sum`,
  });

interface ScatterOptions {
  /** Whether each index is there once. */
  readonly unique: boolean;
  /** What becomes of %old and %new, numbers of type `one`; without the type at its end. */
  readonly body: (one: string) => string;
}

function scatter(x: Value, indices: Value, rows: Value, { unique, body }: ScatterOptions): Value {
  const window = x.shape.map((_, d) => d).slice(1);
  const numbers = `#stablehlo.scatter<update_window_dims = [${window}], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>`;
  const one = `tensor<${x.typeText.replace(/^tensor<(?:\d+x)*|>$/g, "")}>`;
  return operation(
    x.shape,
    x.type,
    "scatter",
    [x, indices, rows],
    ([a, i, r], [s, t, u], type) =>
      `"stablehlo.scatter"(${a}, ${i}, ${r}) <{scatter_dimension_numbers = ${numbers}, indices_are_sorted = false, unique_indices = ${unique}}> ({ ^bb0(%old: ${one}, %new: ${one}): ${body(one)} : ${one} }) : (${s}, ${t}, ${u}) -> ${type}`,
  );
}
