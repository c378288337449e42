import type { Latents } from "./latents.ts";

/** A dimension of the latents, or a categorical variable. */
export interface Dimension {
  /** Its place in the vector of all latents, of a variable the first of its places. */
  readonly index: number;
  /** `z 12`: its latent's name and the place in it. */
  readonly name: string;
  /** How many values a categorical variable has; absent of a dimension. */
  readonly values?: number;
  /**
   * KL of its posterior to its prior, N(0, 1) or uniform but for others, in nats, the mean over the images; absent of a point.
   */
  readonly kl?: number;
  /**
   * Standard deviation of its posterior's mean over the images; of a variable the root of its probabilities' variances' sum.
   */
  readonly deviation: number;
}

/**
 * Every dimension and variable of the latents, the most active first: by the KL, then those of points, which have
 * none, by the deviation. Undefined where a latent is a grid of codes. Of a latent below others the KL is that to
 * its prior, in whose coordinates it is, both given the draws of those above.
 */
export function dimensionsByActivity(latents: Latents): Dimension[] | undefined {
  const { layout, kinds } = latents;
  if (kinds.includes("codes")) return undefined;
  const all = layout.parts.flatMap(({ name, from, size, values }) =>
    Array.from({ length: size / (values ?? 1) }, (_, i): Dimension => {
      const index = from + i * (values ?? 1);
      const kl = klAt(latents, index, values);
      return {
        index,
        name: `${name} ${i}`,
        ...(values !== undefined && { values }),
        ...(kl !== undefined && { kl }),
        deviation: deviationAt(latents, index, values ?? 1),
      };
    }),
  );
  const kl = (dimension: Dimension) => dimension.kl ?? -1;
  return all.sort((a, b) => kl(b) - kl(a) || b.deviation - a.deviation || a.index - b.index);
}

/** Of a place in the vector; `values`: of the categorical variable that begins there. */
function klAt(
  { count, layout: { size }, mean, dense }: Latents,
  index: number,
  values: number | undefined,
): number | undefined {
  let sum = 0;
  for (let at = index; at < mean.length; at += size) {
    if (values === undefined) sum += dense?.kl[at] ?? Number.NaN;
    else {
      sum += Math.log(values);
      for (let k = at; k < at + values; k++) if (mean[k]! > 0) sum += mean[k]! * Math.log(mean[k]!);
    }
  }
  return Number.isNaN(sum) ? undefined : sum / count;
}

function deviationAt(
  { count, layout: { size }, mean }: Pick<Latents, "count" | "layout" | "mean">,
  index: number,
  places: number,
): number {
  let variance = 0;
  for (let place = index; place < index + places; place++) {
    let [sum, squares] = [0, 0];
    for (let at = place; at < mean.length; at += size) sum += mean[at]! / count;
    for (let at = place; at < mean.length; at += size) squares += (mean[at]! - sum) ** 2;
    variance += squares / count;
  }
  return Math.sqrt(variance);
}
