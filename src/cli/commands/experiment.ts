import type { Command } from "commander";
import type { Launcher } from "../../experiment/launch/launcher.ts";
import type { Experiment } from "../../experiment/series/load.ts";
import type { Progress } from "../../experiment/series/member.ts";
import type { Member } from "../../experiment/series/members.ts";
import { ignoreSaving, takeSignals } from "../../process/signals.ts";
import { counted } from "../../text/counted.ts";
import { duration } from "../../text/numbers.ts";
import { shellWord } from "../../text/shell.ts";
import { examples } from "../examples.ts";
import { addLaunchOptions, type LaunchOptions, launcherOf, launchWords } from "../launch_options.ts";
import { backendOption, scaleOption, setOption } from "../options.ts";
import { progressTo } from "../progress.ts";

interface Options extends LaunchOptions {
  readonly out?: string;
  readonly set?: readonly string[];
  readonly backend: string;
  readonly report: boolean;
  readonly scale?: number;
}

/** `vae experiment FILE`: trains several configs over several seeds and compares them. */
export function addExperiment(program: Command): void {
  const command = program
    .command("experiment")
    .description(
      "train several configs, written out or made from ranges, over several seeds, and compare them in one table",
    )
    .argument("<file>", "YAML file of the experiment")
    .option("--out <folder>", "of its runs and results; logs/experiments/NAME where left out")
    .addOption(setOption({ example: "shared.data_params.data_path=path/to/images" }))
    .addOption(backendOption({ trains: true }))
    .addOption(scaleOption());
  addLaunchOptions(command)
    .option("--report", "train nothing: make table and pictures anew of what is there", false)
    .addHelpText(
      "after",
      examples({
        "vae experiment configs/experiments/paper_shapes3d.yaml": "the same again goes on where it stopped",
        "vae experiment FILE --set steps=100 --set seeds=[1]": "with values of the file changed",
        "vae experiment FILE --report": "of what is there",
        "vae experiment configs/sweeps/lr_latent_dim.yaml --jobs 2": "a sweep, two runs at once",
        "vae experiment FILE --launcher slurm --resource time=4:00:00": "as jobs of Slurm",
      }),
    )
    .action((file: string, options: Options) => experiment(file, options));
}

async function experiment(file: string, options: Options): Promise<void> {
  const { out, set = [], backend, report: only, scale } = options;
  const name = backend === "measure" ? "auto" : backend; // measured once, before the first run
  const again = againOf(file, { out, set, backend: name }, options);
  const { isSweep, loadSeries } = await import("../../experiment/series/load.ts");
  const plan = await loadSeries(file, { set, ...(out !== undefined && { out }) });
  if (isSweep(plan)) {
    const { trainSweep } = await import("../train_sweep.ts");
    return trainSweep(plan, { launch: options, backend, again, only });
  }
  const { lookAfter } = await import("../fleet.ts");
  const launcher = await launcherOf(plan, options);
  if (await lookAfter(plan, launcher, options, again)) return;
  ignoreSaving(); // between two runs
  // While a run trains it takes the signals itself, and saves. What is written is written whole or not at all, so that
  // nothing is lost but an evaluation under way.
  const leave = takeSignals((_, code) => {
    console.log(`stopped. To go on: ${again}`);
    process.exit(code);
  });
  try {
    const apart = options.launcher !== undefined || options.jobs !== undefined;
    const here = only ? name : await complete(plan, { backend, again, ...(apart && { launcher }) });
    if (here === undefined) return;
    const { report } = await import("../../experiment/series/report.ts");
    const { table, files, notes } = await report(plan, here, scale);
    for (const note of notes) console.log(`note   ${note}`);
    console.log(`${table}\nwritten to ${files.join(", ")}`);
  } finally {
    leave();
  }
}

interface Completing {
  /** As `--backend` names it. */
  readonly backend: string;
  /** The command that goes on. */
  readonly again: string;
  /** What trains the runs, each in a process of its own; left out: this process does, one after the other. */
  readonly launcher?: Launcher;
}

/** Trains and evaluates what is missing, and gives the backend that it was evaluated on; undefined where a signal ended it. */
async function complete(plan: Experiment, typed: Completing): Promise<string | undefined> {
  const { checkExperiment } = await import("../../experiment/series/check.ts");
  const { fleetBackend } = await import("../fleet_backend.ts");
  const { evaluateMember, isCurrent, progressOf, savedEvaluation, trainedFolder, trainMember } = await import(
    "../../experiment/series/member.ts"
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
    `${counted(runs.length, "run")} (${runs.join(", ")}) with ${counted(seeds.length, "seed")} of ${counted(steps, "step")}, on ${name}` +
      `${launcher === undefined ? "" : `, ${launcher.about}`}; ${missing.length} to train; in ${out}`,
  );
  for (const note of await checkExperiment(plan, progress)) console.log(`note   ${note}`);
  let failed = 0;
  if (launcher !== undefined && missing.length > 0) {
    const { nextInOrder } = await import("../../experiment/series/next_task.ts");
    const { trainBy } = await import("../train_by.ts");
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
  for (const [i, member] of members.entries()) {
    const which = `[${i + 1}/${members.length}] ${member.run}, seed ${member.seed}`;
    const began = performance.now();
    const { step, complete } = done.get(member)!;
    if (!complete && launcher !== undefined) continue; // it failed, which was told
    if (!complete) {
      console.log(`${which}: ${step === 0 ? "training" : `going on at step ${step}`}`);
      const { interrupted, state, problem } = await trainMember(plan, member, here, progress);
      if (problem !== undefined) console.log(`note   ${member.run}, seed ${member.seed}: ${problem}`);
      if (interrupted !== undefined) {
        console.log(
          `stopped in ${member.run}, seed ${member.seed} at step ${state.step}, saved. To go on: ${typed.again}`,
        );
        process.exitCode = interrupted;
        return undefined;
      }
    }
    const current = isCurrent(plan, await savedEvaluation(member));
    if (!current) await evaluateMember(plan, member, here.name);
    const took =
      !complete || !current ? ` in ${duration((performance.now() - began) / 1000)}` : ", as it was";
    console.log(`${which}: done${took}`);
  }
  if (failed > 0) {
    console.error(
      `${counted(failed, "training")} failed; the same command trains what is missing: ${typed.again}`,
    );
    process.exitCode = 1;
  }
  return here.name;
}

/** The same command once more, as a shell takes it. */
function againOf(
  file: string,
  { out, set, backend }: { out: string | undefined; set: readonly string[]; backend: string },
  launch: LaunchOptions,
): string {
  return [
    "vae experiment",
    shellWord(file),
    ...(out === undefined ? [] : ["--out", shellWord(out)]),
    ...set.flatMap((value) => ["--set", shellWord(value)]),
    ...(backend === "auto" ? [] : ["--backend", shellWord(backend)]),
    ...launchWords(launch),
  ].join(" ");
}
