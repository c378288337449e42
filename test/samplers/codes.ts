import { Rng } from "../../src/rng.ts";
import type { LatentCodes } from "../../src/samplers/codes.ts";

/** Codes of `count` images whose z, all noise in it, are what `row` makes of standard normal numbers. */
export function codesOf(
  count: number,
  dims: number,
  row: (noise: Float32Array) => readonly number[],
  seed = 1,
): LatentCodes {
  const noise = Rng.fromSeed(seed)
    .fold("codes")
    .normalArray(count * dims);
  const mean = new Float32Array(count * dims);
  for (let n = 0; n < count; n++) mean.set(row(noise.subarray(n * dims, (n + 1) * dims)), n * dims);
  return { count, dims, mean, logVar: new Float32Array(count * dims).fill(-30) };
}

export const meanOf = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
