import { unitVariances, variances } from "./active_units.ts";
import { type FactorMetric, share } from "./define.ts";
import { indices, type LabelledMeans, unitsOf } from "./labelled_means.ts";
import { CHECKS, GROUP, GROUPS, type Group, sameFactorGroups } from "./same_factor.ts";

/** A dimension whose standard deviation over all images is less is left out, as in disentanglement_lib. */
const DEAD = 0.05;

/**
 * The FactorVAE score, from 0 to 1: in each group of images with one factor the same, the dimension of z that varies
 * least (its variance divided by that over all images) votes for the factor; the share of `evaluation` groups whose
 * vote is the majority's among the `training` groups (Kim and Mnih, "Disentangling by factorising", arXiv 1802.05983,
 * section 4). 0 where no dimension's standard deviation reaches 0.05.
 */
export function factorVaeScore(
  latents: LabelledMeans,
  training: readonly Group[],
  evaluation: readonly Group[],
): number {
  const { dims, means, factors, widths } = latents;
  const units = unitsOf(latents);
  const global = unitVariances(variances(means, dims, 1), widths);
  const alive = indices(units.length).filter((d) => Math.sqrt(global[d]!) >= DEAD);
  if (alive.length === 0) return 0;
  const least = ({ rows }: Group): number => {
    let [lowest, vote] = [Number.POSITIVE_INFINITY, 0];
    for (const [place, d] of alive.entries()) {
      const { from, width } = units[d]!;
      let own = 0;
      for (let k = from; k < from + width; k++)
        own += variances(
          rows.map((r) => means[r * dims + k]!),
          1,
          1,
        )[0]!;
      const ratio = own / global[d]!;
      if (ratio < lowest) [lowest, vote] = [ratio, place];
    }
    return vote;
  };
  const votes = alive.map(() => new Int32Array(factors));
  for (const group of training) votes[least(group)]![group.factor]!++;
  const majority = votes.map((v) => v.indexOf(Math.max(...v)));
  const right = evaluation.filter((group) => majority[least(group)] === group.factor).length;
  return right / evaluation.length;
}

export const factorVaeMetric: FactorMetric = {
  kind: "factors",
  name: "factor_vae",
  trains: false,
  pairs: true,
  factors: 2,
  dims: 1,
  numbers: {
    factor_vae: share("how often the dimension of z that varies least tells which factor is fixed"),
  },
  compute({ test, rng }) {
    const groups = (what: string, count: number) => sameFactorGroups(test, count, GROUP, rng.fold(what));
    return { factor_vae: factorVaeScore(test, groups("votes", GROUPS), groups("checks", CHECKS)) };
  },
};
