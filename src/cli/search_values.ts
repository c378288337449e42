import { UserError } from "../errors.ts";
import { choicesOf, chosenBy, isSettled, lackOf, valuesText } from "../experiment/series/choices.ts";
import type { Experiment, Search } from "../experiment/series/experiment.ts";
import { checkSettings, type MemberEvaluation } from "../experiment/series/member.ts";
import type { Member } from "../experiment/series/members.ts";
import { searchReport } from "../experiment/series/search_report.ts";
import type { Completing } from "./complete_experiment.ts";

/** Trains and evaluates what is missing of a series, on a backend as `--backend` names it; undefined where a signal ended it. */
export type Complete = (
  series: Experiment,
  backend: string,
  how?: Partial<Pick<Completing, "check" | "tolerant" | "evaluated">>,
) => Promise<{ readonly name: string; readonly here: string } | undefined>;

interface Searched {
  /** The experiment, with the values that were chosen. */
  readonly whole: Experiment;
  readonly backend: string;
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Trains the trials of an experiment and lays the best values over its runs; with `only` nothing is trained, nor chosen while
 * trials are missing. undefined where a signal ended it.
 *
 * @throws UserError where no value can be chosen for a run
 */
export async function searchValues(
  plan: Experiment,
  search: Search,
  { complete, backend, only }: { complete: Complete; backend: string; only: boolean },
): Promise<Searched | undefined> {
  if (only) return { backend, ...(await chosenThen(plan, search)) };
  for (const member of plan.members) await checkSettings(plan, member, keysOf(search, member.run));
  const done = await complete(search, backend, {
    check: plan,
    tolerant: true,
    evaluated: (member, evaluation) => checkHas(search, member, evaluation),
  });
  if (done === undefined) return undefined;
  const choices = await choicesOf(search);
  const file = await searchReport(search, choices, plan.out);
  const chosen = chosenBy(search, choices);
  for (const [run, values] of chosen)
    console.log(`${run}: ${valuesText(values)}, by ${search.metricOf.get(run)}`);
  const whole = await search.lay(chosen);
  return { whole, backend: done.name, files: [file], notes: [] };
}

/** What was chosen when the runs were trained, where that can still be told; else they are as they are. */
async function chosenThen(plan: Experiment, search: Search): Promise<Omit<Searched, "backend">> {
  const asItIs = (why: string) => ({
    whole: plan,
    files: [],
    notes: [`search: ${why}, so search.md is left as it is`],
  });
  try {
    for (const member of search.members) await checkSettings(search, member);
    const choices = await choicesOf(search);
    if (!isSettled(choices)) return asItIs("trials are missing");
    const whole = await search.lay(chosenBy(search, choices));
    for (const member of whole.members) await checkSettings(whole, member);
    return { whole, files: [await searchReport(search, choices, plan.out)], notes: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return asItIs(error.message.split("\n").slice(0, 2).join(" "));
  }
}

/** Keys that are searched for a run. */
const keysOf = ({ trials }: Search, run: string): ReadonlySet<string> =>
  new Set([...(trials.get(run) ?? [])].flatMap(({ values }) => [...values.keys()]));

/** @throws UserError where a trial's evaluation has not the number that chooses, and none of that run can have it */
function checkHas(search: Search, { run }: Member, evaluation: MemberEvaluation): void {
  const [of] = [...search.trials].find(([, trials]) => trials.some(({ name }) => name === run))!;
  const metric = search.metricOf.get(of)!;
  if (typeof evaluation.figures[metric] === "number") return;
  const why = lackOf(search, metric, evaluation);
  if (/^came out as|finite|diverged/.test(why)) return; // this one has diverged
  throw new UserError(
    `${search.file} search.metric: ${run} has no ${metric}: ${why}. Take another, or leave this run out of the search`,
  );
}
