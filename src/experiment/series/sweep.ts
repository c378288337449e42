import { dirname, join, resolve } from "node:path";
import { type Located, toPlain } from "../../config/located.ts";
import { Positions } from "../../config/positions.ts";
import type { Config } from "../../config/schema.ts";
import { ConfigError } from "../../errors.ts";
import { csv } from "../../loggers/csv.ts";
import { loggerOf } from "../../loggers/registry.ts";
import type { Mode } from "../../metrics/table.ts";
import { Rng } from "../../rng.ts";
import { counted } from "../../text/counted.ts";
import { type Halving, leastRuns, rungsOf } from "../sweep/halving.ts";
import { namesOf } from "../sweep/names.ts";
import { grid, MOST_RUNS, randomPoints } from "../sweep/points.ts";
import { fault, type Range } from "../sweep/ranges.ts";
import { type Monitor, monitorOf } from "../training/monitor.ts";
import { eachChecked, laidOver, membersOf, type Series } from "./members.ts";

/** Runs made from ranges of values, compared by a metric of validation. */
export interface Sweep extends Series {
  /** Dotted keys whose values differ, in order. */
  readonly keys: readonly string[];
  /** By run: the value of each of those keys. */
  readonly settings: ReadonlyMap<string, readonly unknown[]>;
  /** What runs are compared by. */
  readonly monitor: Monitor;
  /** Successive halving: rungs in steps, the last is where runs end. */
  readonly halving?: { readonly eta: number; readonly rungs: readonly number[] } | undefined;
}

export interface SweepArgs {
  /** What messages name; relative names of the configs will start from its folder. */
  readonly file: string;
  /** Further files of the config. */
  readonly files: readonly string[];
  readonly name: string;
  readonly seeds: readonly number[];
  /** Laid over its bases. */
  readonly config: Located;
  readonly out: string;
  readonly ranges: readonly Range[];
  /** Keys of `trainer_params`, null where one is to go; left out: as the config has it. */
  readonly budget?: { readonly max_steps?: number | null; readonly max_epochs?: number | null } | undefined;
  readonly random?: { readonly runs: number; readonly seed: number } | undefined;
  readonly metric?: string | undefined;
  readonly mode?: Mode | undefined;
  readonly halving?: Halving | undefined;
}

/**
 * A sweep, the config of every run of it checked and filled with defaults.
 *
 * @throws ConfigError with every mistake found, its place, what was expected and got.
 */
export async function sweepOf(args: SweepArgs): Promise<Sweep> {
  const { file, files, seeds, config, out, ranges, random, metric, mode } = args;
  const points =
    random === undefined ? grid(ranges) : randomPoints(ranges, random.runs, Rng.fromSeed(random.seed));
  if (points.length * seeds.length > MOST_RUNS)
    throw new ConfigError(
      `${file}: expected at most ${MOST_RUNS} trainings, got ${points.length} settings times ${seeds.length} seeds. Give fewer`,
    );
  const names = namesOf(points);
  const halving = halvingOf(args, points.length);
  const trainer_params = {
    ...args.budget,
    early_stopping: null, // runs of one length are compared
    ...(metric !== undefined && { checkpoint: { monitor: metric, ...(mode !== undefined && { mode }) } }),
  };
  const members = await eachChecked(file, points.entries(), ([i, { values }]) => {
    const run = names[i]!;
    const fixed = { trainer_params, save_dir: join(out, run) };
    return membersOf({ series: args.name, run, seeds, file, files }, laidOver(config, values), fixed);
  });
  checkLoggers(members[0]!.config, config);
  return {
    file,
    name: args.name,
    seeds,
    runs: names,
    members: seeds.flatMap((seed) => members.filter((member) => member.seed === seed)),
    baseDir: dirname(resolve(file)),
    out,
    keys: ranges.map(({ key }) => key),
    settings: new Map(points.map(({ values }, i) => [names[i]!, [...values.values()].map(toPlain)])),
    monitor: monitorOf(members[0]!.config),
    halving,
  };
}

/** @throws ConfigError where runs leave nothing to compare them by: their rows in metrics.csv are all that is read */
function checkLoggers({ logging_params: { loggers } }: Config, root: Located): void {
  const names = loggers.map((entry) => loggerOf(entry).definition.name);
  if (!names.includes(csv.name))
    throw fault(
      new Positions(root).value(["logging_params", "loggers"]),
      `logging_params.loggers: expected ${csv.name} among them, by whose metrics the runs of a sweep are compared, got [${names.join(", ")}]. Add it`,
    );
}

/** @throws ConfigError where no run would come to the end */
function halvingOf({ halving, budget, file }: SweepArgs, runs: number): Sweep["halving"] {
  if (halving === undefined) return undefined;
  const steps = budget?.max_steps;
  if (typeof steps !== "number" || halving.first >= steps)
    throw new ConfigError(
      `${file} sweep.halving.first: expected fewer steps than a run has, ${steps}, got ${halving.first}`,
    );
  const rungs = rungsOf(halving, steps);
  const least = leastRuns(halving.eta, rungs.length);
  if (runs < least)
    throw new ConfigError(
      `${file} sweep.halving: expected ${least} runs or more, so that one of them comes through the rungs ${rungs.join(", ")}, ` +
        `got ${counted(runs, "run")}. Raise first, or lower eta`,
    );
  return { eta: halving.eta, rungs };
}
