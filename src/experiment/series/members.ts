import { dirname, resolve } from "node:path";
import { isMap, type Located, merge, type Place } from "../../config/located.ts";
import { nested } from "../../config/overrides.ts";
import { rebaseInherited } from "../../config/paths.ts";
import { loadPlugins, pluginFiles } from "../../config/plugins.ts";
import { Positions } from "../../config/positions.ts";
import { resolveReferences } from "../../config/references.ts";
import { layeredRegistries } from "../../config/registries.ts";
import type { Config } from "../../config/schema.ts";
import { validate } from "../../config/validate.ts";
import type { DatasetDefinition } from "../../data/define.ts";
import { ConfigError } from "../../errors.ts";
import type { MemberNames } from "../../loggers/define.ts";
import { loggerOfMember } from "../../loggers/registry.ts";
import type { ModelDefinition } from "../../models/define.ts";

/** One training: a run of the experiment with one of its seeds. */
export interface Member {
  readonly run: string;
  readonly seed: number;
  /** As `vae run` would take it. */
  readonly config: Config;
  readonly model: ModelDefinition;
  readonly dataset: DatasetDefinition;
}

/** Trainings that belong together. */
export interface Series {
  readonly file: string;
  readonly name: string;
  readonly seeds: readonly number[];
  /** In the file's order. */
  readonly runs: readonly string[];
  /** Each run with the first seed, then with the next: so that what there is when it is stopped can be compared. */
  readonly members: readonly Member[];
  /** Folder that relative file names in the configs start from. */
  readonly baseDir: string;
  /** Folder of the runs and results. */
  readonly out: string;
}

/** What the experiment says of all runs, over their own configs. A null takes away what a config has there. */
export interface Fixed {
  readonly trainer_params?: Readonly<Record<string, unknown>>;
  /** Folder of this run; its seeds' are in it. */
  readonly save_dir: string;
}

/**
 * A run's members, one a seed. `given`: its config, laid over its bases, which stand in `files`; relative names in it will
 * start from the folder of `file`.
 *
 * @throws ConfigError with every mistake found
 */
export async function membersOf(
  {
    series,
    run,
    seeds,
    file,
    files,
  }: { series: string; run: string; seeds: readonly number[]; file: string; files: readonly string[] },
  given: Located,
  { trainer_params, save_dir }: Fixed,
): Promise<Member[]> {
  const registries = await layeredRegistries(); // a run's plugins are its own
  const inBase = new Positions(given);
  const there = ([key, value]: [string, unknown]) => value !== null || inBase.has(["trainer_params", key]);
  const over = {
    exp_params: { manual_seed: seeds[0]! },
    trainer_params: Object.fromEntries(Object.entries(trainer_params ?? {}).filter(there)),
    logging_params: { save_dir, name: nameOf(seeds[0]!) },
  };
  // Over a section that is no map it would hide the mistake.
  const isSection = (key: string) => !isMap(given) || isMap(given.value.get(key) ?? EMPTY);
  const fixed = located(
    Object.fromEntries(Object.entries(over).filter(([key]) => isSection(key))),
    given.place,
  );
  const whole = resolveReferences(merge(given, fixed), [file, ...files]);
  await loadPlugins(
    pluginFiles(whole),
    registries,
    async () => (await import("../../plugin_api.ts")).pluginApi,
  );
  const { config, positions, model, dataset } = validate(whole, registries, [file, ...files]);
  const own = rebaseInherited(config, positions, dirname(resolve(file)), { model, dataset });
  return seeds.map((seed) => {
    const names = { series, member: `${run}, seed ${seed}` };
    return { run, seed, config: withSeed(own, seed, names), model, dataset };
  });
}

/** Values of a config by dotted key. */
export type Values = ReadonlyMap<string, Located>;

/** A config with values laid over it. */
export const laidOver = (config: Located, values: Values = new Map()): Located =>
  [...values].map(([key, value]) => nested(key.split("."), value)).reduce(merge, config);

/** `trainer_params` of runs that all end after so many steps. */
export const ofSteps = (steps: number) => ({ max_steps: steps, max_epochs: null, early_stopping: null });

/** Calls `make` for each of `items`, and throws what is wrong with all of them, each mistake once. */
export async function eachChecked<T, U>(
  file: string,
  items: Iterable<T>,
  make: (item: T) => Promise<U[]>,
): Promise<U[]> {
  const made: U[] = [];
  const failed: string[] = [];
  for (const item of items) {
    try {
      made.push(...(await make(item)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      failed.push(...error.message.split("\n").filter((line) => !/^\d+ errors? in /.test(line)));
    }
  }
  if (failed.length > 0) throw counted(failed, file);
  return made;
}

const EMPTY = located({}, { source: "", dir: "" });

const nameOf = (seed: number): string => `seed_${seed}`;

/** The config with another seed, which nothing else of it but names depends on: it is checked once. */
const withSeed = (config: Config, seed: number, names: MemberNames): Config => ({
  ...config,
  exp_params: { ...config.exp_params, manual_seed: seed },
  logging_params: {
    ...config.logging_params,
    name: nameOf(seed),
    loggers: config.logging_params.loggers.map((entry) => loggerOfMember(entry, names)),
  },
});

/** A plain value as if it had been written at `place`. */
function located(value: unknown, place: Place): Located {
  if (typeof value !== "object" || value === null) return { value: value as string, place };
  const entries = Object.entries(value).map(([key, v]) => [key, located(v, place)] as const);
  return { value: new Map(entries), place };
}

function counted(lines: readonly string[], file: string): ConfigError {
  const each = [...new Set(lines)];
  return new ConfigError(
    `${each.join("\n")}\n${each.length === 1 ? "1 error" : `${each.length} errors`} in ${file}`,
  );
}
