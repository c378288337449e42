import { Option } from "commander";
import type { Member } from "../experiment/series/members.ts";
import type { Task } from "../experiment/series/next_task.ts";
import type { Result } from "../experiment/series/results.ts";
import type { Sweep } from "../experiment/series/sweep.ts";
import type { TrainAll } from "../experiment/series/train_all.ts";
import { ignoreSaving, takeSignals } from "../process/signals.ts";
import { counted } from "../text/counted.ts";
import { LiveLine } from "../text/live_line.ts";
import { duration, short } from "../text/numbers.ts";
import { wholeNumber } from "./numbers.ts";
import { progressTo } from "./progress.ts";

/** `--jobs`, of commands that train several runs. */
export const jobsOption = (): Option =>
  new Option("--jobs <n>", "runs trained at once, each in a process with its share of the cores").argParser(
    wholeNumber(1),
  );

export interface TrainSweepArgs {
  readonly jobs: number;
  /** As `--backend` names it. */
  readonly backend: string;
  /** The command that goes on, as a shell takes it; with the backend's name, where one was given. */
  readonly again: string;
  /** Train nothing: table and pictures of what is there. */
  readonly only?: boolean;
}

/** Milliseconds between two lines that say how far all is, where they are no terminal's. */
const LINE_EVERY = 30_000;
const LOOK_EVERY = 1000;

/** Trains what is missing of a sweep, and writes what came out. */
export async function trainSweep(sweep: Sweep, args: TrainSweepArgs): Promise<void> {
  const { resultOf } = await import("../experiment/series/results.ts");
  const { sweepReport } = await import("../experiment/series/sweep_report.ts");
  ignoreSaving(); // between two runs
  const trained = args.only ? undefined : await trainMembers(sweep, args);
  if (trained === "stopped") return;
  const results = new Map<Member, Result>();
  for (const member of sweep.members) results.set(member, await resultOf(member));
  const { table, files } = await sweepReport(sweep, results, trained?.failures);
  console.log(`${table}\nwritten to ${files.join(", ")}`);
  const failed = trained?.failures.size ?? 0;
  if (failed > 0) {
    console.error(
      `${counted(failed, "training")} failed; the same command trains what is missing: ${args.again}`,
    );
    process.exitCode = 1;
  }
}

async function trainMembers(sweep: Sweep, args: TrainSweepArgs): Promise<TrainAll | "stopped"> {
  const { checkFirst } = await import("../experiment/series/check.ts");
  const { backendFor } = await import("../experiment/timing/choose_backend.ts");
  const { progressOf, trainedFolder } = await import("../experiment/series/member.ts");
  const { localLauncher } = await import("../experiment/launch/local.ts");
  const { nextByHalving, nextInOrder } = await import("../experiment/series/next_task.ts");
  const { TrainAll } = await import("../experiment/series/train_all.ts");
  const { members, runs, seeds, halving, out, baseDir, monitor } = sweep;
  let missing = 0;
  for (const member of members) if (!(await progressOf(sweep, member)).complete) missing++;
  const launcher = localLauncher(args.jobs);
  const say = (text: string) => console.log(text);
  const backend = await backendFor(args.backend, {
    configs: [members[0]!.config],
    baseDir,
    trained: members.map(trainedFolder).find((folder) => folder !== undefined),
    say,
  });
  const how = halving === undefined ? "" : `, halved at ${halving.rungs.slice(0, -1).join(", ")} steps`;
  console.log(
    `${counted(runs.length, "run")} with ${counted(seeds.length, "seed")}${how}, by ${monitor.monitor} (${monitor.mode}), on ${backend.name}, ` +
      `${launcher.about}; ${missing} not at their end; in ${out}`,
  );
  const note = comparable(sweep, await import("../experiment/training/loss_weights.ts"));
  if (note !== undefined) console.log(`note   ${note}`);
  if (missing > 0) await checkFirst(sweep, progressTo(process.stdout));
  const line = new LiveLine(process.stdout, LINE_EVERY, Date.now());
  const began = new Map<Member, number>();
  const name = ({ run, seed }: Member) => (seeds.length > 1 ? `${run}, seed ${seed}` : run);
  const all = new TrainAll({
    series: sweep,
    launcher,
    // As it was typed, with a device where it names one.
    backend: ["auto", "measure"].includes(args.backend) ? backend.name : args.backend,
    next: (state) => (halving === undefined ? nextInOrder(members, state) : nextByHalving(sweep, state)),
    started({ member, until }: Task, { step }) {
      began.set(member, performance.now());
      const to = until === undefined ? "" : ` to step ${until}`;
      line.message(`${name(member)}: ${step === 0 ? "training" : `going on at step ${step}`}${to}`);
    },
    ended({ member }, result, failure) {
      const took = duration((performance.now() - began.get(member)!) / 1000);
      line.message(
        `${name(member)}: ${failure === undefined ? worth(result, monitor.monitor) : `failed: ${failure}`} (${took})`,
      );
    },
  });
  let code: number | undefined;
  const leave = takeSignals((signal, exitCode) => {
    if (code === undefined) line.message(`${signal}: each run under way is saved (again: leave at once)`);
    code = exitCode;
    all.stop();
  });
  const { lastWords, outputOf } = await import("../experiment/series/train_all.ts");
  const looking = setInterval(() => {
    const under = all.underWay.map((member) => {
      const at = lastWords(outputOf(member)).match(/step [\d,]+\/[\d,]+/)?.[0];
      return `${name(member)}${at === undefined ? "" : ` ${at}`}`;
    });
    if (under.length > 0) line.show(() => under.join(" · "));
  }, LOOK_EVERY);
  try {
    await all.run();
  } finally {
    clearInterval(looking);
    line.clear();
    leave();
  }
  if (code === undefined) return all;
  console.log(`stopped, all saved. To go on: ${args.again}`);
  process.exitCode = code;
  return "stopped";
}

function worth({ step, validations }: Result, metric: string): string {
  const value = validations.findLast(({ values }) => values[metric] !== undefined)?.values[metric];
  return value === undefined ? `at step ${step}` : `${metric} ${short(value)} at step ${step}`;
}

/** A note where the metric weighs a run's terms by weights that are not the same for all. */
function comparable(
  { members, monitor }: Sweep,
  { objectiveWeights }: typeof import("../experiment/training/loss_weights.ts"),
): string | undefined {
  if (!["val/objective", "val/total"].includes(monitor.monitor)) return undefined;
  const weights = members.map(({ model, config }) => {
    const { name: _, ...params } = config.model_params;
    return JSON.stringify(objectiveWeights(model, params, config.exp_params));
  });
  if (new Set(weights).size === 1) return undefined;
  return `${monitor.monitor} weighs the loss terms by each run's own weights, which differ here: choose another metric to compare by (trainer_params.checkpoint.monitor), such as val/elbo or val/psnr`;
}
