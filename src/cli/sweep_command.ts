import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import type { Sweep } from "../experiment/series/sweep.ts";

export interface SweepOptions {
  readonly sweep?: readonly string[];
  readonly random?: number;
  readonly sweepSeed?: number;
  readonly out?: string;
}

const SEED = "exp_params.manual_seed";

/**
 * The sweep of `vae run --sweep …`: the config as it would be trained by itself, with each setting of the ranges over it.
 * A range of the seed is the sweep's seeds.
 *
 * @throws ConfigError with every mistake found
 */
export async function sweepOfCommand(
  configs: readonly string[],
  set: readonly string[],
  { sweep = [], random, sweepSeed = 0, out }: SweepOptions,
): Promise<Sweep> {
  const { loadConfig, readConfigs } = await import("../config/load.ts");
  const { layeredRegistries } = await import("../config/registries.ts");
  const { formatPlace, toPlain } = await import("../config/located.ts");
  const { parseSweep } = await import("../experiment/sweep/ranges.ts");
  const { checkKeys } = await import("../experiment/sweep/points.ts");
  const { sweepOf } = await import("../experiment/series/sweep.ts");
  const all = sweep.map(parseSweep);
  checkKeys(all);
  const seeds = all.find(({ key }) => key === SEED);
  const ranges = all.filter((range) => range !== seeds);
  for (const { key } of ranges)
    if (/^(trainer_params\.(max_steps|max_epochs|early_stopping)|logging_params)\b/.test(key))
      throw new ConfigError(
        `--sweep ${key}=…: expected a key that changes what is learned, for the same time; ${key} is the same for all runs. Give it by --set`,
      );
  // By itself first: its mistakes are then told once, as vae run tells them.
  const { config } = await loadConfig(configs, { set, registries: await layeredRegistries() });
  const { root, files } = readConfigs(configs, set);
  const given = seeds === undefined ? [config.exp_params.manual_seed] : seeds.values?.map(toPlain);
  const isSeed = (seed: unknown): seed is number => Number.isSafeInteger(seed) && (seed as number) >= 0;
  if (!given?.every(isSeed))
    throw new ConfigError(
      `${formatPlace(seeds!.place)}: expected seeds, each an integer ≥ 0, such as 1,2,3 or int(1..3)`,
    );
  const { save_dir, name = config.model_params.name } = config.logging_params;
  return sweepOf({
    file: files[0]!,
    files: files.slice(1),
    name,
    seeds: given,
    config: root,
    out: out ?? join(save_dir, "sweeps", name),
    ranges,
    random: random === undefined ? undefined : { runs: random, seed: sweepSeed },
  });
}
