/**
 * Successive halving by ASHA (Li et al., "A System for Massively Parallel Hyperparameter Tuning", arXiv 1810.05934,
 * algorithm 2), whose decisions depend on nothing but how far each run is and what it was worth there.
 */
export interface Halving {
  /** Steps of the first rung, r. */
  readonly first: number;
  /** The share of a rung that goes on is 1 / eta. */
  readonly eta: number;
}

/** Where one run stands. */
export interface Standing {
  /** What it was worth at each rung that it has reached, the lower the better; not a number: worst. */
  readonly costs: readonly number[];
  /** The rung that it was last sent to; -1: it was never started. */
  readonly sentTo: number;
  /** It is not to go on, whatever it is worth. */
  readonly failed?: boolean;
}

/** Steps of each rung: r, r eta, r eta^2 … below `steps`, and `steps`, where a run ends. */
export function rungsOf({ first, eta }: Halving, steps: number): number[] {
  const rungs: number[] = [];
  for (let rung = first; rung < steps; rung *= eta) rungs.push(rung);
  return [...rungs, steps];
}

/** Runs that it takes at least for one of them to come to the last of so many rungs. */
export const leastRuns = (eta: number, rungs: number): number => eta ** (rungs - 1);

/**
 * What a free worker does next: the run to train, and the rung up to which. A run that is in the best 1 / eta of those that
 * have reached its rung is promoted, from the highest rung on which there is one; else the next run is started.
 * undefined: nothing before another result is in.
 */
export function nextJob(
  standings: readonly Standing[],
  { eta, rungs }: { readonly eta: number; readonly rungs: number },
): { readonly run: number; readonly rung: number } | undefined {
  for (let rung = rungs - 2; rung >= 0; rung--) {
    const run = best(standings, rung, eta).find(
      (i) => standings[i]!.sentTo === rung && !standings[i]!.failed,
    );
    if (run !== undefined) return { run, rung: rung + 1 };
  }
  const run = standings.findIndex(({ sentTo, failed }) => sentTo < 0 && !failed);
  return run < 0 ? undefined : { run, rung: 0 };
}

/** The best 1 / eta of those that have reached a rung, the best first; of equals those with lower numbers. */
function best(standings: readonly Standing[], rung: number, eta: number): number[] {
  const there = standings.flatMap(({ costs }, i) => (costs.length > rung ? [i] : []));
  const cost = (i: number) => {
    const value = standings[i]!.costs[rung]!;
    return Number.isNaN(value) ? Infinity : value;
  };
  const finite = there.filter((i) => cost(i) < Infinity);
  finite.sort((a, b) => cost(a) - cost(b) || a - b);
  return finite.slice(0, Math.floor(there.length / eta));
}
