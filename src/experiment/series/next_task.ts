import { nextJob, type Standing } from "../sweep/halving.ts";
import type { Member } from "./members.ts";
import { metricAt, type Result } from "./results.ts";
import type { Sweep } from "./sweep.ts";

/** A member to train, and the step at which it is to stop; undefined: at its end. */
export interface Task {
  readonly member: Member;
  readonly until?: number | undefined;
}

/** How the members of a series stand. */
export interface State {
  readonly results: ReadonlyMap<Member, Result>;
  /** What is being trained. */
  readonly running: ReadonlySet<Member>;
  /** What ended with an error since this command was started. */
  readonly failed: ReadonlySet<Member>;
}

/** The first member that is not at its end, those under way and those that failed left out. */
export function nextInOrder(
  members: readonly Member[],
  { results, running, failed }: State,
): Task | undefined {
  const member = members.find((m) => !results.get(m)!.complete && !running.has(m) && !failed.has(m));
  return member && { member };
}

/**
 * What successive halving trains next: what was stopped on the way to a rung; else the seeds of the run that ASHA sends to
 * one. undefined: nothing before another result is in.
 */
export function nextByHalving(
  { members, runs, monitor, halving }: Pick<Sweep, "members" | "runs" | "monitor" | "halving">,
  state: State,
): Task | undefined {
  const { eta, rungs } = halving!;
  const { results, running, failed } = state;
  const of = runs.map((run) => members.filter((member) => member.run === run));
  const standings = of.map((own) => standingOf(own, state, rungs, monitor));
  const free = (run: number, rung: number): Task | undefined => {
    const member = of[run]!.find(
      (m) => !running.has(m) && !failed.has(m) && !isAt(results.get(m)!, rungs, rung),
    );
    return member && { member, until: rung === rungs.length - 1 ? undefined : rungs[rung] };
  };
  for (const [run, { sentTo, costs, failed: broken }] of standings.entries()) {
    const task = sentTo >= costs.length && !broken ? free(run, sentTo) : undefined;
    if (task !== undefined) return task;
  }
  const job = nextJob(standings, { eta, rungs: rungs.length });
  return job && free(job.run, job.rung);
}

function standingOf(
  own: readonly Member[],
  { results, running, failed }: State,
  rungs: readonly number[],
  { monitor, mode }: Sweep["monitor"],
): Standing {
  const states = own.map((member) => results.get(member)!);
  const costs: number[] = [];
  for (const [rung, steps] of rungs.entries()) {
    if (!states.every((result) => isAt(result, rungs, rung))) break;
    const values = states.map((result) => metricAt(result, monitor, steps) ?? Number.NaN);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    costs.push(mode === "min" ? mean : -mean);
  }
  const step = Math.max(...states.map((result) => result.step));
  const reached = rungs.filter((rung) => rung < step).length; // the rung that it is on its way to, or at
  const onItsWay = own.some((member) => running.has(member)) ? costs.length : -1;
  const broken = own.some((member) => failed.has(member));
  const begun = step > 0 ? reached : broken ? 0 : -1;
  const sentTo = Math.min(Math.max(begun, onItsWay, costs.length - 1), rungs.length - 1);
  while (broken && costs.length <= sentTo) costs.push(Number.NaN); // who fails is the worst of the rung, not absent from it
  return { costs, sentTo, failed: broken };
}

/** Whether a member is at a rung, validated there, or beyond. */
function isAt({ step, complete, validations }: Result, rungs: readonly number[], rung: number): boolean {
  if (rung === rungs.length - 1) return complete;
  return step > rungs[rung]! || validations.some((v) => v.step === rungs[rung]!);
}
