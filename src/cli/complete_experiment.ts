import { UserError } from "../errors.ts";
import type { Launcher } from "../experiment/launch/launcher.ts";
import type { Experiment } from "../experiment/series/experiment.ts";
import type { MemberEvaluation, Progress } from "../experiment/series/member.ts";
import type { Member } from "../experiment/series/members.ts";
import { counted } from "../text/counted.ts";
import { duration } from "../text/numbers.ts";
import { progressTo } from "./progress.ts";

export interface Completing {
  /** As `--backend` names it. */
  readonly backend: string;
  /** The command that goes on. */
  readonly again: string;
  /** What follows `vae` for one of the runs to be evaluated by another process, but for backend and folder. */
  readonly words: readonly string[];
  /** What is looked at before anything is trained; left out: nothing. */
  readonly check?: Experiment | undefined;
  /** Whether runs that end with an error of their own, which is told while the others go on, are no failure of the whole. */
  readonly tolerant?: boolean;
  /** Called with what came of the evaluation of each. @throws what ends all */
  evaluated?(member: Member, evaluation: MemberEvaluation): void;
  /** What trains the runs, each in a process of its own; left out: this process does, one after the other. */
  readonly launcher?: Launcher;
}

/** Trains and evaluates what is missing, and gives the backend of both; undefined where a signal ended it. */
export async function completeExperiment(
  plan: Experiment,
  typed: Completing,
): Promise<{ readonly name: string; readonly here: string } | undefined> {
  const { checkExperiment } = await import("../experiment/series/check.ts");
  const { fleetBackend } = await import("./fleet_backend.ts");
  const { evaluateMember, isCurrent, progressOf, savedEvaluation, trainedFolder, trainMember } = await import(
    "../experiment/series/member.ts"
  );
  const { members, runs, seeds, steps, out } = plan;
  const { launcher } = typed;
  const progress = progressTo(process.stdout);
  const done = new Map<Member, Progress>();
  for (const member of members) done.set(member, await progressOf(plan, member)); // others' runs are told first
  const { name, here } = await fleetBackend(typed.backend, launcher, {
    configs: runs.map((run) => members.find((m) => m.run === run)!.config),
    baseDir: plan.baseDir,
    trained: members.map(trainedFolder).find((folder) => folder !== undefined),
    say: (text) => console.log(text),
  });
  const missing = members.filter((member) => !done.get(member)!.complete);
  console.log(
    `${counted(runs.length, "run")} (${listed(runs)}) with ${counted(seeds.length, "seed")} of ${counted(steps, "step")}, on ${name}` +
      `${launcher === undefined ? "" : `, ${launcher.about}`}; ${missing.length} to train; in ${out}`,
  );
  if (typed.check !== undefined)
    for (const note of await checkExperiment(typed.check, progress)) console.log(`note   ${note}`);
  let failed = 0;
  if (launcher !== undefined && missing.length > 0) {
    const { nextInOrder } = await import("../experiment/series/next_task.ts");
    const { trainBy } = await import("./train_by.ts");
    const all = await trainBy(launcher, plan, {
      backend: name,
      again: typed.again,
      next: (state) => nextInOrder(members, state),
      worth: ({ step }) => `at step ${step}`,
    });
    if (all === "stopped") return undefined;
    for (const member of members) done.set(member, await progressOf(plan, member));
    failed = all.failures.size;
  }
  const current = async (member: Member) => isCurrent(plan, await savedEvaluation(member));
  const unfit = new Set<Member>();
  const apart = new Set<Member>();
  if (launcher !== undefined && launcher.queue === undefined && launcher.jobs > 1) {
    const waiting: Member[] = [];
    for (const member of members)
      if (done.get(member)!.complete && !(await current(member))) waiting.push(member);
    const { evaluateApart } = await import("./evaluate_apart.ts");
    const failures = await evaluateApart(launcher, plan, waiting, {
      args: [...typed.words, "--backend", name, "--evaluate"],
      again: typed.again,
      async ended(member) {
        if (!(await current(member))) return `${plan.file} has changed since`;
        typed.evaluated?.(member, (await savedEvaluation(member))!);
        apart.add(member);
        return undefined;
      },
    });
    if (failures === "stopped") return undefined;
    for (const member of failures.keys()) unfit.add(member);
  }
  for (const [i, member] of members.entries()) {
    const which = `[${i + 1}/${members.length}] ${member.run}, seed ${member.seed}`;
    const began = performance.now();
    const { step, complete } = done.get(member)!;
    if (!complete && launcher !== undefined) continue; // it failed, which was told
    if (unfit.has(member) || apart.has(member)) continue; // told too
    if (!complete) {
      console.log(`${which}: ${step === 0 ? "training" : `going on at step ${step}`}`);
      const trained = await orTold(member, () => trainMember(plan, member, here, progress));
      if (trained === undefined) {
        failed++;
        continue;
      }
      const { interrupted, state, problem } = trained;
      if (problem !== undefined) console.log(`note   ${member.run}, seed ${member.seed}: ${problem}`);
      if (interrupted !== undefined) {
        console.log(
          `stopped in ${member.run}, seed ${member.seed} at step ${state.step}, saved. To go on: ${typed.again}`,
        );
        process.exitCode = interrupted;
        return undefined;
      }
    }
    const saved = await savedEvaluation(member);
    const isThere = isCurrent(plan, saved);
    const found = isThere ? saved! : await orTold(member, () => evaluateMember(plan, member, here.name));
    if (found === undefined) {
      unfit.add(member);
      continue;
    }
    typed.evaluated?.(member, found);
    const took =
      !complete || !isThere ? ` in ${duration((performance.now() - began) / 1000)}` : ", as it was";
    console.log(`${which}: done${took}`);
  }
  if (failed + unfit.size > 0 && !typed.tolerant) {
    const what = [
      ...(failed > 0 ? [counted(failed, "training")] : []),
      ...(unfit.size > 0 ? [counted(unfit.size, "evaluation")] : []),
    ];
    console.error(`${what.join(" and ")} failed; the same command makes what is missing: ${typed.again}`);
    process.exitCode = 1;
  }
  return { name, here: here.name };
}

/** What `act` gives; undefined where it fails, is told and the others go on. */
async function orTold<T>({ run, seed }: Member, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.log(`note   ${run}, seed ${seed}: ${error.message}`);
    return undefined;
  }
}

/** Names of a line at most. */
const SHOWN = 24;

const listed = (names: readonly string[]): string =>
  names.length > SHOWN ? `${names.slice(0, SHOWN).join(", ")}, …` : names.join(", ");
