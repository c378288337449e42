import { join } from "node:path";
import type { Located } from "../../config/located.ts";
import { ConfigError } from "../../errors.ts";
import { metricNamed } from "../../metrics/registry.ts";
import { betterOf, patternOf } from "../../metrics/table.ts";
import { Rng } from "../../rng.ts";
import { namesOf as namesOfPoints } from "../sweep/names.ts";
import { grid, MOST_RUNS, type Point, randomPoints } from "../sweep/points.ts";
import type { Range } from "../sweep/ranges.ts";
import type { Experiment, Search, Trial } from "./experiment.ts";
import { IMPARTIAL, impartial } from "./learned_by.ts";
import { eachChecked, laidOver, membersOf, ofSteps } from "./members.ts";
import type { SearchFile } from "./schema.ts";

interface Searched {
  /** The run's config over its bases, which stand in `files`. */
  readonly config: { readonly root: Located; readonly files: readonly string[] };
  readonly ranges: readonly Range[];
}

/**
 * The search of an experiment, the config of every trial checked and filled with defaults.
 *
 * @throws ConfigError for a metric that can't choose, for numbers of trials that differ between runs, and for every mistake of
 * a config
 */
export async function searchOf(
  experiment: Experiment,
  { metric, seed, steps = experiment.steps, random }: SearchFile,
  runs: ReadonlyMap<string, Searched>,
  lay: Search["lay"],
): Promise<Search> {
  const { file, name, samplers } = experiment;
  const { computedBy, better } = choosing(experiment, metric);
  const pointsOf = (ranges: readonly Range[]): Point[] =>
    random === undefined
      ? grid(ranges, "random: {runs: N}")
      : randomPoints(ranges, random.runs, Rng.fromSeed(random.seed), "random.runs");
  const points = [...runs].flatMap(([run, { ranges }]) =>
    ranges.length === 0 ? [] : [[run, placed(`${file} search, ${run}`, () => pointsOf(ranges))] as const],
  );
  checkBudget(file, points);
  const trials = new Map(points.map(([run, of]) => [run, trialsOf(run, of)]));
  const out = join(experiment.out, "search");
  const all = [...trials].flatMap(([run, of]) => of.map((trial) => ({ run, ...trial })));
  const members = await eachChecked(file, all, ({ run, name: trial, values }) => {
    const { root, files } = runs.get(run)!.config;
    return membersOf({ series: name, run: trial, seeds: [seed], file, files }, laidOver(root, values), {
      trainer_params: ofSteps(steps),
      save_dir: join(out, trial),
    });
  });
  return {
    ...experiment,
    chosen: new Map(),
    steps,
    seeds: [seed],
    runs: all.map(({ name }) => name),
    members,
    out,
    metrics: [computedBy],
    samplers: samplers.filter((sampler) => metric.endsWith(`_${sampler}`)),
    options: { ...experiment.options, split: "val" },
    metric,
    metricOf: new Map(
      [...trials].map(([run, of]) => {
        const own = members.filter((member) => of.some(({ name }) => name === member.run));
        return [run, placed(file, () => impartial(metric, experiment.options, own, run))];
      }),
    ),
    better,
    trials,
    lay,
  };
}

/** A mistake of a run's ranges, with its place. */
function placed<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${where}: ${error.message}`, { cause: error });
  }
}

const trialsOf = (run: string, points: readonly Point[]): Trial[] =>
  namesOfPoints(points).map((name, i) => ({ name: `${run},${name}`, values: points[i]!.values }));

/** The metric of the experiment that computes a number, and which value of it is better. @throws ConfigError */
function choosing(
  { file, metrics, options, samplers }: Experiment,
  metric: string,
): { computedBy: string; better: "higher" | "lower" } {
  const better = betterOf(metric);
  const networks = options.networks.map(({ name }) => name);
  const filled = (pattern: string, word: string, values: readonly string[]) =>
    pattern.includes(word) ? values.map((value) => pattern.replace(word, value)) : [pattern];
  const namesOf = (name: string) =>
    Object.keys(metricNamed(name).numbers)
      .flatMap((pattern) => filled(pattern, IMPARTIAL, [...networks, IMPARTIAL]))
      .flatMap((pattern) => filled(pattern, "SAMPLER", samplers));
  const bare = networks.reduce((name, network) => name.replace(network, ""), metric);
  const computes = (name: string) =>
    name === metric || (!/[A-Z]{3}/.test(bare) && !name.includes(IMPARTIAL) && patternOf(name).test(metric));
  const computedBy = metrics.find((name) => namesOf(name).some(computes));
  if (computedBy !== undefined && (better === "higher" || better === "lower")) return { computedBy, better };
  const usable = metrics.flatMap(namesOf).filter((name) => ["higher", "lower"].includes(betterOf(name)));
  const known = usable.length === 0 ? "which there is none of" : `of which there are ${usable.join(", ")}`;
  throw new ConfigError(
    `${file} search.metric: expected a number of evaluation.metrics whose higher or lower value is better, ${known}, got "${metric}"`,
  );
}

/** @throws ConfigError where runs would be tried more often than others, or nothing would be */
function checkBudget(file: string, points: readonly (readonly [string, readonly Point[]])[]): void {
  const counts = new Set(points.map(([, of]) => of.length));
  if (counts.size === 0)
    throw new ConfigError(
      `${file} search: expected ranges of values under shared or runs, such as shared: {exp_params.LR: log(1e-4..1e-2)x3}, got none`,
    );
  if (counts.size > 1) {
    const got = points.map(([run, of]) => `${of.length} of ${run}`).join(", ");
    throw new ConfigError(
      `${file} search: expected as many settings for each run, so that none has the better chance, got ${got}. Or draw so many: random: {runs: N}`,
    );
  }
  const total = points.reduce((sum, [, of]) => sum + of.length, 0);
  if (total > MOST_RUNS)
    throw new ConfigError(
      `${file} search: expected at most ${MOST_RUNS} trials, got ${total}. Give fewer values`,
    );
}
