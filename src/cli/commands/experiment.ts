import type { Command } from "commander";
import { ConfigError } from "../../errors.ts";
import type { Experiment } from "../../experiment/series/load.ts";
import type { Progress } from "../../experiment/series/member.ts";
import type { Member } from "../../experiment/series/members.ts";
import { ignoreSaving, takeSignals } from "../../process/signals.ts";
import { counted } from "../../text/counted.ts";
import { duration } from "../../text/numbers.ts";
import { shellWord } from "../../text/shell.ts";
import { examples } from "../examples.ts";
import { backendOption, scaleOption, setOption } from "../options.ts";
import { progressTo } from "../progress.ts";
import { jobsOption, trainSweep } from "../train_sweep.ts";

interface Options {
  readonly out?: string;
  readonly set?: readonly string[];
  readonly backend: string;
  readonly report: boolean;
  readonly jobs?: number;
  readonly scale?: number;
}

/** `vae experiment FILE`: trains several configs over several seeds and compares them. */
export function addExperiment(program: Command): void {
  program
    .command("experiment")
    .description(
      "train several configs, written out or made from ranges, over several seeds, and compare them in one table",
    )
    .argument("<file>", "YAML file of the experiment")
    .option("--out <folder>", "of its runs and results; logs/experiments/NAME where left out")
    .addOption(setOption({ example: "shared.data_params.data_path=path/to/images" }))
    .addOption(backendOption({ trains: true }))
    .addOption(scaleOption())
    .addOption(jobsOption())
    .option("--report", "train nothing: make table and pictures anew of what is there", false)
    .addHelpText(
      "after",
      examples({
        "vae experiment configs/experiments/paper_shapes3d.yaml": "the same again goes on where it stopped",
        "vae experiment FILE --set steps=100 --set seeds=[1]": "with values of the file changed",
        "vae experiment FILE --report": "of what is there",
        "vae experiment configs/sweeps/lr_latent_dim.yaml --jobs 2": "a sweep, two runs at once",
      }),
    )
    .action((file: string, options: Options) => experiment(file, options));
}

async function experiment(
  file: string,
  { out, set = [], backend, report: only, scale, jobs }: Options,
): Promise<void> {
  const name = backend === "measure" ? "auto" : backend; // measured once, before the first run
  const { isSweep, loadSeries } = await import("../../experiment/series/load.ts");
  const plan = await loadSeries(file, { set, ...(out !== undefined && { out }) });
  if (isSweep(plan)) {
    const again = `${againOf(file, { out, set, backend: name })}${jobs === undefined ? "" : ` --jobs ${jobs}`}`;
    return trainSweep(plan, { jobs: jobs ?? 1, backend, again, only });
  }
  if (jobs !== undefined)
    throw new ConfigError(
      `${file}: expected --jobs with a sweep alone: runs that are written out are trained one after the other. Leave it out`,
    );
  ignoreSaving(); // between two runs
  // While a run trains it takes the signals itself, and saves. What is written is written whole or not at all, so that
  // nothing is lost but an evaluation under way.
  const leave = takeSignals((_, code) => {
    console.log(`stopped. To go on: ${againOf(file, { out, set, backend: name })}`);
    process.exit(code);
  });
  try {
    if (!only && !(await complete(plan, name, { file, out, set, chosenBy: backend }))) return;
    const { report } = await import("../../experiment/series/report.ts");
    const { table, files, notes } = await report(plan, name, scale);
    for (const note of notes) console.log(`note   ${note}`);
    console.log(`${table}\nwritten to ${files.join(", ")}`);
  } finally {
    leave();
  }
}

/** Trains and evaluates what is missing; false where a signal ended it. */
async function complete(
  plan: Experiment,
  name: string,
  typed: { file: string; out: string | undefined; set: readonly string[]; chosenBy: string },
): Promise<boolean> {
  const { checkExperiment } = await import("../../experiment/series/check.ts");
  const { backendFor } = await import("../../experiment/timing/choose_backend.ts");
  const { evaluateMember, isCurrent, progressOf, savedEvaluation, trainedFolder, trainMember } = await import(
    "../../experiment/series/member.ts"
  );
  const { members, runs, seeds, steps, out } = plan;
  const progress = progressTo(process.stdout);
  const done = new Map<Member, Progress>();
  for (const member of members) done.set(member, await progressOf(plan, member)); // others' runs are told first
  const backend = await backendFor(typed.chosenBy, {
    configs: runs.map((run) => members.find((m) => m.run === run)!.config),
    baseDir: plan.baseDir,
    trained: members.map(trainedFolder).find((folder) => folder !== undefined),
    say: (text) => console.log(text),
  });
  const missing = members.filter((member) => !done.get(member)!.complete);
  console.log(
    `${counted(runs.length, "run")} (${runs.join(", ")}) with ${counted(seeds.length, "seed")} of ${counted(steps, "step")}, on ${backend.name}; ` +
      `${missing.length} to train; in ${out}`,
  );
  for (const note of await checkExperiment(plan, progress)) console.log(`note   ${note}`);
  for (const [i, member] of members.entries()) {
    const which = `[${i + 1}/${members.length}] ${member.run}, seed ${member.seed}`;
    const began = performance.now();
    const { step, complete } = done.get(member)!;
    if (!complete) {
      console.log(`${which}: ${step === 0 ? "training" : `going on at step ${step}`}`);
      const { interrupted, state, problem } = await trainMember(plan, member, backend, progress);
      if (problem !== undefined) console.log(`note   ${member.run}, seed ${member.seed}: ${problem}`);
      if (interrupted !== undefined) {
        console.log(
          `stopped in ${member.run}, seed ${member.seed} at step ${state.step}, saved. To go on: ${againOf(typed.file, { ...typed, backend: name })}`,
        );
        process.exitCode = interrupted;
        return false;
      }
    }
    const current = isCurrent(plan, await savedEvaluation(member));
    if (!current) await evaluateMember(plan, member, name);
    const took =
      !complete || !current ? ` in ${duration((performance.now() - began) / 1000)}` : ", as it was";
    console.log(`${which}: done${took}`);
  }
  return true;
}

/** The same command once more, as a shell takes it. */
function againOf(
  file: string,
  { out, set, backend }: { out: string | undefined; set: readonly string[]; backend: string },
): string {
  return [
    "vae experiment",
    shellWord(file),
    ...(out === undefined ? [] : ["--out", shellWord(out)]),
    ...set.flatMap((value) => ["--set", shellWord(value)]),
    ...(backend === "auto" ? [] : ["--backend", shellWord(backend)]),
  ].join(" ");
}
