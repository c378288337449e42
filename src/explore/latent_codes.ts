import { GUMBEL, type LatentCodes } from "../samplers/codes.ts";
import type { Latents } from "./latents.ts";

/** Probability that a value has at least, as float32 keeps it: a logarithm of 0 is no place. */
const LEAST = 1e-12;

/** Whether a density of numbers can be fitted to such z: to grids of codes, and to numbers above 0, it can't. */
export const takesDensity = ({ kinds }: Pick<Latents, "kinds">): boolean =>
  !kinds.includes("codes") && !kinds.includes("gamma");

/** Posteriors as samplers are fitted to them, of z that take a density. */
export function latentCodes({ count, kinds, layout, ...latents }: Latents): LatentCodes {
  const size = layout.size;
  const mean = latents.mean.slice();
  const logVar = latents.logVar?.slice() ?? new Float32Array(mean.length);
  const several = kinds.filter((kind) => kind === "gaussian").length > 1;
  layout.parts.forEach(({ from, size: width }, p) => {
    if (kinds[p] === "gaussian" && !several) return;
    for (let at = from; at < mean.length; at += size) {
      logVar.fill(kinds[p] === "categorical" ? Math.log(GUMBEL.variance) : -Infinity, at, at + width);
      // Of several, a draw of a lower one goes with one of the upper's: draws as they are, without variance.
      if (kinds[p] === "gaussian") mean.set(latents.z.subarray(at, at + width), at);
      if (kinds[p] === "categorical")
        for (let i = at; i < at + width; i++) mean[i] = Math.log(Math.max(mean[i]!, LEAST)) + GUMBEL.mean;
    }
  });
  const gumbel = layout.parts.flatMap(({ size: width }, p) =>
    Array<boolean>(width).fill(kinds[p] === "categorical"),
  );
  return { count, dims: size, mean, logVar, ...(gumbel.includes(true) && { gumbel }) };
}

/** How many of them have a number that is not finite, as a model's that has diverged. */
export function notFinite({ count, dims, mean, logVar }: LatentCodes): number {
  const fine = (i: number) => Number.isFinite(mean[i]!) && logVar[i]! < Infinity;
  const bad = Array.from({ length: count }, (_, n) => n).filter((n) => {
    for (let i = n * dims; i < (n + 1) * dims; i++) if (!fine(i)) return true;
    return false;
  });
  return bad.length;
}
