import { join } from "node:path";
import { isUnder } from "../../config/leaves.ts";
import { UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import type { Experiment } from "./experiment.ts";
import { isCurrent, type MemberEvaluation, savedEvaluation, trainedFolder, trainedWith } from "./member.ts";
import { failureOf } from "./results.ts";
import { contactSheet } from "./sheet.ts";
import { csv, markdown } from "./table.ts";

export interface Report {
  /** The table as Markdown. */
  readonly table: string;
  readonly files: readonly string[];
  /** What is missing, or was made by other settings: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Makes `table.md`, `table.csv` and `contact_sheet.png` in the experiment's folder of the runs that are trained and
 * evaluated. The sheet is of the first seed that any has.
 *
 * @throws UserError where none is
 */
export async function report(experiment: Experiment, backend: string, scale?: number): Promise<Report> {
  const { members, out, runs, seeds, file } = experiment;
  const evaluations = new Map<string, Map<number, MemberEvaluation>>();
  const notes: string[] = [];
  for (const run of runs) {
    const bySeed = new Map<number, MemberEvaluation>();
    for (const member of members.filter((m) => m.run === run)) {
      const found = await savedEvaluation(member);
      const which = `${run}, seed ${member.seed}`;
      if (found === undefined) notes.push(`${which}: ${failureOf(member) ?? "not there yet"}`);
      else if (!isCurrent(experiment, found))
        notes.push(`${which}: evaluated at step ${found.step} or by other settings`);
      for (const note of found?.notes ?? []) notes.push(`${which}: ${note}`);
      if (found !== undefined) bySeed.set(member.seed, found);
    }
    if (bySeed.size > 0) evaluations.set(run, bySeed);
  }
  if (evaluations.size === 0)
    throw new UserError(
      `${out}: expected runs that are evaluated, got none. Make some: vae experiment ${file}`,
    );
  const seed = seeds.find((s) => members.some((m) => m.seed === s && trainedFolder(m) !== undefined));
  const pictured = members.filter((m) => m.seed === seed && trainedFolder(m) !== undefined);
  const inOrder = runs.flatMap((run) => pictured.filter((m) => m.run === run));
  const table = markdown(experiment, evaluations, await searchedFor(experiment));
  const made: [string, string | Uint8Array][] = [
    ["table.md", table],
    ["table.csv", csv(experiment, evaluations)],
    ["contact_sheet.png", await contactSheet(experiment, inOrder, backend, scale)],
  ];
  for (const [name, content] of made) await writeAtomic(join(out, name), content);
  return { table, files: made.map(([name]) => join(out, name)), notes };
}

/** What the runs were trained with, of keys that were searched for: a line, or none. */
async function searchedFor({ search, members }: Experiment): Promise<string[]> {
  const each: string[] = [];
  for (const [run, [trial]] of search?.trials ?? []) {
    const member = members.find((m) => m.run === run && trainedFolder(m) !== undefined);
    if (member === undefined) continue;
    const values = await trainedWith(member);
    const own = [...values!].filter(([key]) => isUnder(key, trial!.values.keys()));
    each.push(`${run}: ${own.map(([key, value]) => `${key} ${value}`).join(", ")}`);
  }
  if (each.length === 0) return [];
  return [`Chosen before by ${search!.metric} on images of val (search.md): ${each.join("; ")}.`];
}
