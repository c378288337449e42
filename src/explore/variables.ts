import type { LatentLayout } from "./latents.ts";

/** Each categorical variable of `vectors`, packed [count, D], by `put`, which changes its K numbers in their place. */
function eachVariable(
  vectors: Float32Array,
  { parts, size }: LatentLayout,
  put: (numbers: Float32Array) => void,
): void {
  for (const { from, size: width, values } of parts)
    if (values !== undefined)
      for (let row = 0; row < vectors.length; row += size)
        for (let at = row + from; at < row + from + width; at += values)
          put(vectors.subarray(at, at + values));
}

/** Makes the numbers of each categorical variable probabilities again: none below 0, of sum 1; none above 0: all alike. */
export function toProbabilities(vectors: Float32Array, layout: LatentLayout): void {
  eachVariable(vectors, layout, (numbers) => {
    for (const [k, v] of numbers.entries()) numbers[k] = Math.max(0, v);
    const sum = numbers.reduce((a, b) => a + b, 0);
    for (const [k, v] of numbers.entries()) numbers[k] = sum > 0 ? v / sum : 1 / numbers.length;
  });
}
