import { concat } from "../concat.ts";
import type { Rng } from "../rng.ts";

/**
 * The posteriors of images, N(mean, exp(logVar)) each; a logVar of -Infinity is a point. A categorical variable stands for
 * its value by scores, the highest of which is the value's: its log-probabilities, each with Gumbel noise of its own
 * (arXiv 1611.01144, eq. 1), which `mean` and `logVar` are the mean and the variance of.
 */
export interface LatentCodes {
  readonly count: number;
  /** D. */
  readonly dims: number;
  /** Packed [count, D], as `logVar`. */
  readonly mean: Float32Array;
  readonly logVar: Float32Array;
  /** Whether the noise of a dimension is Gumbel's, [D]; left out: of none. */
  readonly gumbel?: readonly boolean[];
}

/** Mean and variance of Gumbel noise, -log(-log u): Euler's constant, and pi^2 / 6. */
export const GUMBEL = { mean: 0.5772156649015329, variance: Math.PI ** 2 / 6 };

/** One draw of each posterior, packed [count, D]: draws of the aggregate posterior. */
export function drawCodes({ dims, mean, logVar, gumbel }: LatentCodes, rng: Rng): Float32Array {
  const noise = rng.normalArray(mean.length);
  if (gumbel !== undefined)
    rng
      .fold("gumbel")
      .uniformArray(mean.length)
      .forEach((u, i) => {
        if (gumbel[i % dims]) noise[i] = standardGumbel(u);
      });
  return noise.map((e, i) => mean[i]! + Math.exp(logVar[i]! / 2) * e);
}

/** Gumbel noise of mean 0 and variance 1, by a uniform number. */
const standardGumbel = (u: number): number =>
  (-Math.log(-Math.log(Math.max(u, 2 ** -25))) - GUMBEL.mean) / Math.sqrt(GUMBEL.variance);

/** The codes at some places. */
export function someCodes({ dims, mean, logVar, ...others }: LatentCodes, places: Int32Array): LatentCodes {
  const rows = (all: Float32Array) =>
    concat(Array.from(places, (place) => all.subarray(place * dims, (place + 1) * dims)));
  return { ...others, count: places.length, dims, mean: rows(mean), logVar: rows(logVar) };
}

/** The places of all but a tenth of so many, and of that tenth, at random: at least one. */
export function heldOutPlaces(count: number, rng: Rng): { kept: Int32Array; heldOut: Int32Array } {
  const order = rng.permutation(count);
  const tenth = Math.max(1, Math.floor(count / 10));
  return { kept: order.subarray(tenth).sort(), heldOut: order.subarray(0, tenth).sort() };
}

/** All but a tenth of the codes, and that tenth. */
export function holdOut(codes: LatentCodes, rng: Rng): { kept: LatentCodes; heldOut: LatentCodes } {
  const { kept, heldOut } = heldOutPlaces(codes.count, rng);
  return { kept: someCodes(codes, kept), heldOut: someCodes(codes, heldOut) };
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
