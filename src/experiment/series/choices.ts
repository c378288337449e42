import { toPlain } from "../../config/located.ts";
import { UserError } from "../../errors.ts";
import { counted } from "../../text/counted.ts";
import { settingText } from "../sweep/names.ts";
import type { Chosen, Search, Trial } from "./experiment.ts";
import { isCurrent, type MemberEvaluation, savedEvaluation } from "./member.ts";
import type { Values } from "./members.ts";
import { resultOf } from "./results.ts";

/** What came of a trial. */
export interface Tried extends Trial {
  /** undefined: it has none. */
  readonly value: number | undefined;
  /** Why it has none; undefined too: it is not trained and evaluated yet. */
  readonly why: string | undefined;
}

/** What came of the trials of a run. */
export interface Choice {
  readonly run: string;
  readonly trials: readonly Tried[];
  /** Of `trials`; undefined: none has a value. */
  readonly best: number | undefined;
}

/** Chooses of what is trained and evaluated. */
export async function choicesOf(search: Search): Promise<Choice[]> {
  const choices: Choice[] = [];
  for (const [run, of] of search.trials) {
    const trials: Tried[] = [];
    const metric = search.metricOf.get(run)!;
    for (const trial of of) trials.push({ ...trial, ...(await outcomeOf(search, trial, metric)) });
    const values = trials.flatMap(({ value }) => value ?? []);
    const most = search.better === "lower" ? Math.min(...values) : Math.max(...values);
    const best = values.length === 0 ? undefined : trials.findIndex(({ value }) => value === most);
    choices.push({ run, trials, best });
  }
  return choices;
}

async function outcomeOf(
  search: Search,
  { name }: Trial,
  metric: string,
): Promise<Pick<Tried, "value" | "why">> {
  const member = search.members.find(({ run }) => run === name)!;
  const found = await savedEvaluation(member);
  if (isCurrent(search, found)) {
    const value = found!.figures[metric];
    return typeof value === "number"
      ? { value, why: undefined }
      : { value: undefined, why: lackOf(search, metric, found!) };
  }
  return { value: undefined, why: (await resultOf(member)).failure }; // an error that its own training ended with
}

/** Why an evaluation lacks the number that chooses. */
export function lackOf({ metrics }: Search, metric: string, evaluation: MemberEvaluation): string {
  const { left_out, notes, figures } = evaluation;
  const why = left_out[metric] ?? left_out[metrics[0]!] ?? notes.find((note) => note.startsWith("--sampler"));
  return why ?? `it has ${Object.keys(figures).join(", ")}`;
}

/** Whether every trial has a value, or a reason for none. */
export const isSettled = (choices: readonly Choice[]): boolean => unsettled(choices).length === 0;

const unsettled = (choices: readonly Choice[]): Tried[] =>
  choices.flatMap(({ trials }) =>
    trials.filter(({ value, why }) => value === undefined && why === undefined),
  );

/** The values of each run. @throws UserError where a trial is missing, or a run has none with a value */
export function chosenBy({ out, metricOf }: Search, choices: readonly Choice[]): Chosen {
  const missing = unsettled(choices);
  if (missing.length > 0)
    throw new UserError(
      `${out}: expected all trials, to choose of, got none of ${missing.map(({ name }) => name).join("; ")}. ` +
        "The same command trains what is missing; output.txt in a trial's folder says what its process said",
    );
  const none = choices.find(({ best }) => best === undefined);
  if (none !== undefined)
    throw new UserError(
      `${out}: expected a trial of ${none.run} with ${metricOf.get(none.run)}, got none of ${counted(none.trials.length, "trial")}: ` +
        `${[...new Set(none.trials.map(({ why }) => why))].join("; ")}`,
    );
  return new Map(choices.map(({ run, trials, best }) => [run, trials[best!]!.values]));
}

/** Values as a line shows them. */
export const valuesText = (values: Values): string =>
  [...values].map(([key, node]) => `${key} ${settingText(toPlain(node))}`).join(", ");
