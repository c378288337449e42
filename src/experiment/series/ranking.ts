import type { Member } from "./members.ts";
import { metricAt, type Result } from "./results.ts";
import type { Sweep } from "./sweep.ts";

/** One run of a sweep, over its seeds. */
export interface Ranked {
  readonly run: string;
  /** The value of each swept key. */
  readonly settings: readonly unknown[];
  readonly members: readonly Member[];
  /** Steps of the validation that its value is of: the last one that all seeds have; 0: there is none. */
  readonly step: number;
  /** Mean over the seeds of the metric then; undefined: there is none. */
  readonly value: number | undefined;
  /** Deviation of the sample over the seeds; not a number for one seed. */
  readonly deviation: number;
  readonly state: string;
}

/**
 * The runs, the best first: those that came further are in front of those that successive halving ended, or that are not
 * at their end, since values after more steps are others; those without a value come last.
 */
export function ranked(
  { runs, members, settings, monitor, halving }: Sweep,
  results: ReadonlyMap<Member, Result>,
  failures: ReadonlyMap<Member, string> = new Map(),
): Ranked[] {
  const all = runs.map((run): Ranked => {
    const own = members.filter((member) => member.run === run);
    const found = own.map((member) => results.get(member)!);
    const step = lastShared(found, monitor.monitor);
    const values = found
      .map((result) => metricAt(result, monitor.monitor, step))
      .filter((v) => v !== undefined);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    return {
      run,
      settings: settings.get(run)!,
      members: own,
      step,
      value: step === 0 ? undefined : mean,
      deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : Number.NaN,
      state: stateOf(own, found, failures, halving?.rungs),
    };
  });
  const sign = monitor.mode === "min" ? 1 : -1;
  const cost = ({ value }: Ranked) =>
    value === undefined ? Number.MAX_VALUE : Number.isNaN(value) ? Number.MAX_VALUE / 2 : sign * value;
  return all.sort((a, b) => b.step - a.step || cost(a) - cost(b));
}

/** Steps of the last validation with the metric that all have; 0: there is none. */
function lastShared(results: readonly Result[], metric: string): number {
  const [first, ...others] = results.map(
    ({ validations }) =>
      new Set(validations.filter((v) => v.values[metric] !== undefined).map((v) => v.step)),
  );
  return Math.max(0, ...[...first!].filter((step) => others.every((steps) => steps.has(step))));
}

function stateOf(
  members: readonly Member[],
  results: readonly Result[],
  failures: ReadonlyMap<Member, string>,
  rungs: readonly number[] | undefined,
): string {
  const failed = members.flatMap((m, i) => failures.get(m) ?? results[i]!.failure ?? []);
  if (failed.length > 0) return `failed: ${failed[0]}`;
  if (results.every(({ complete }) => complete)) return "done";
  const steps = results.map(({ step }) => step);
  if (Math.max(...steps) === 0) return "not started";
  const [step] = steps;
  const isAtRung = steps.every((s) => s === step) && rungs?.includes(step!);
  return isAtRung ? `ended at rung ${step}` : `stopped at step ${Math.min(...steps)}`;
}
