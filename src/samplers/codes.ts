import { concat } from "../concat.ts";
import type { Rng } from "../rng.ts";

/** The Gaussian posteriors of images, N(mean, exp(logVar)) each. */
export interface LatentCodes {
  readonly count: number;
  /** D. */
  readonly dims: number;
  /** Packed [count, D], as `logVar`. */
  readonly mean: Float32Array;
  readonly logVar: Float32Array;
}

/** One draw of each posterior, packed [count, D]: draws of the aggregate posterior. */
export function drawCodes({ mean, logVar }: LatentCodes, rng: Rng): Float32Array {
  const noise = rng.normalArray(mean.length);
  return noise.map((e, i) => mean[i]! + Math.exp(logVar[i]! / 2) * e);
}

/** The codes at some places. */
export function someCodes({ dims, mean, logVar }: LatentCodes, places: Int32Array): LatentCodes {
  const rows = (all: Float32Array) =>
    concat(Array.from(places, (place) => all.subarray(place * dims, (place + 1) * dims)));
  return { count: places.length, dims, mean: rows(mean), logVar: rows(logVar) };
}

/** All but a tenth of the codes, and that tenth, at random: at least one. */
export function holdOut(codes: LatentCodes, rng: Rng): { kept: LatentCodes; heldOut: LatentCodes } {
  const order = rng.permutation(codes.count);
  const count = Math.max(1, Math.floor(codes.count / 10));
  return {
    kept: someCodes(codes, order.subarray(count).sort()),
    heldOut: someCodes(codes, order.subarray(0, count).sort()),
  };
}

/** Mean and standard deviation of each dimension of a set of z, [D] each. */
export interface Scale {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Deviation of a dimension that is constant. */
const SMALLEST = 1e-6;

/** Those of codes with the variance of their posteriors; deviations are above 0. */
export function scaleOf({ count, dims, mean, logVar }: LatentCodes): Scale {
  const [sum, within] = [new Float64Array(dims), new Float64Array(dims)];
  for (let i = 0; i < mean.length; i++) {
    sum[i % dims]! += mean[i]! / count;
    within[i % dims]! += Math.exp(logVar[i]!) / count;
  }
  for (let i = 0; i < mean.length; i++) within[i % dims]! += (mean[i]! - sum[i % dims]!) ** 2 / count;
  return {
    mean: Float32Array.from(sum),
    deviation: Float32Array.from(within, (v) => Math.max(SMALLEST, Math.sqrt(v))),
  };
}

/** log N(z; 0, I) of each row, packed [n, D], in nats. */
export function unitGaussianLogProb(z: Float32Array, dims: number): Float64Array {
  const out = new Float64Array(z.length / dims).fill((-dims / 2) * Math.log(2 * Math.PI));
  for (let i = 0; i < z.length; i++) out[Math.floor(i / dims)]! -= z[i]! ** 2 / 2;
  return out;
}
