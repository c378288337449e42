import type { Launcher } from "../experiment/launch/launcher.ts";
import type { Member } from "../experiment/series/members.ts";
import type { Result } from "../experiment/series/results.ts";
import type { Sweep } from "../experiment/series/sweep.ts";
import type { TrainAll } from "../experiment/series/train_all.ts";
import { ignoreSaving } from "../process/signals.ts";
import { counted } from "../text/counted.ts";
import { short } from "../text/numbers.ts";
import { lookAfter } from "./fleet.ts";
import { type LaunchOptions, launcherOf } from "./launch_options.ts";
import { progressTo } from "./progress.ts";
import { trainBy } from "./train_by.ts";

export interface TrainSweepArgs {
  readonly launch: LaunchOptions;
  /** As `--backend` names it. */
  readonly backend: string;
  /** The command that goes on, as a shell takes it; with the backend's name, where one was given. */
  readonly again: string;
  /** Train nothing: table and pictures of what is there. */
  readonly only?: boolean;
}

/** Trains what is missing of a sweep, and writes what came out. */
export async function trainSweep(sweep: Sweep, args: TrainSweepArgs): Promise<void> {
  const { resultOf } = await import("../experiment/series/results.ts");
  const { sweepReport } = await import("../experiment/series/sweep_report.ts");
  ignoreSaving(); // between two runs
  const launcher = await launcherOf(sweep, args.launch);
  if (await lookAfter(sweep, launcher, args.launch, args.again)) return;
  const trained = args.only ? undefined : await trainMembers(sweep, launcher, args);
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

async function trainMembers(
  sweep: Sweep,
  launcher: Launcher,
  args: TrainSweepArgs,
): Promise<TrainAll | "stopped"> {
  const { checkFirst } = await import("../experiment/series/check.ts");
  const { progressOf, trainedFolder } = await import("../experiment/series/member.ts");
  const { nextByHalving, nextInOrder } = await import("../experiment/series/next_task.ts");
  const { members, runs, seeds, halving, out, baseDir, monitor } = sweep;
  let missing = 0;
  for (const member of members) if (!(await progressOf(sweep, member)).complete) missing++;
  const { fleetBackend } = await import("./fleet_backend.ts");
  const { name: backend } = await fleetBackend(args.backend, launcher, {
    configs: [members[0]!.config],
    baseDir,
    trained: members.map(trainedFolder).find((folder) => folder !== undefined),
    say: (text: string) => console.log(text),
  });
  const how = halving === undefined ? "" : `, halved at ${halving.rungs.slice(0, -1).join(", ")} steps`;
  console.log(
    `${counted(runs.length, "run")} with ${counted(seeds.length, "seed")}${how}, by ${monitor.monitor} (${monitor.mode}), on ${backend}, ` +
      `${launcher.about}; ${missing} not at their end; in ${out}`,
  );
  const note = comparable(sweep, await import("../experiment/training/loss_weights.ts"));
  if (note !== undefined) console.log(`note   ${note}`);
  if (missing > 0) await checkFirst(sweep, progressTo(process.stdout));
  return trainBy(launcher, sweep, {
    backend,
    again: args.again,
    next: (state) => (halving === undefined ? nextInOrder(members, state) : nextByHalving(sweep, state)),
    worth: (result) => worth(result, monitor.monitor),
  });
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
