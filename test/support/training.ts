import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { useBackend } from "../../src/backends/use_backend.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createRun, openRunFolder, type RunFolder } from "../../src/experiment/runs/run_folder.ts";
import { prepare } from "../../src/experiment/training/prepare.ts";
import type { Prepared } from "../../src/experiment/training/prepared.ts";
import { type TrainResult, train } from "../../src/experiment/training/runner.ts";
import { cacheDir } from "../../src/files/cache_dir.ts";

export interface Trained {
  readonly folder: RunFolder;
  /** What ended the run, where that was an error. */
  readonly error: unknown;
  readonly result: TrainResult | undefined;
}

export interface HowToTrain {
  readonly set?: readonly string[];
  /** Steps at which it stops before its end. */
  readonly until?: number;
  /** Path of a run to go on with. */
  readonly resume?: string;
  readonly backend?: string;
  /** Steps that the backend is given before the first of them is done. */
  readonly stepsInFlight?: number;
  /** Changes what was made before it is trained. */
  readonly change?: (prepared: Prepared) => void;
}

/** Trains `config`, a YAML text, in this process; new runs are in the folder `root`. */
export async function training(
  root: string,
  config: string,
  { set = [], resume, until, backend: name = "wasm", stepsInFlight, change }: HowToTrain = {},
): Promise<Trained> {
  const file = resume === undefined ? join(root, "training.yaml") : join(resume, "config.yaml");
  if (resume === undefined) writeFileSync(file, config);
  const backend = { ...(await useBackend(name)), ...(stepsInFlight && { stepsInFlight }) };
  const loaded = await loadConfig(file, { set });
  const prepared = await prepare({ ...loaded, cacheDir: cacheDir("test") });
  change?.(prepared);
  const folder = await (resume === undefined
    ? createRun(root, loaded.config.logging_params.name!)
    : openRunFolder(resume));
  const args = {
    ...loaded,
    prepared,
    folder,
    backend,
    resume: resume !== undefined,
    quiet: true,
    brief: true,
    ...(until !== undefined && { until }),
  };
  try {
    return { folder, result: await train(args), error: undefined };
  } catch (error) {
    return { folder, result: undefined, error };
  } finally {
    folder.release();
    await prepared.close();
  }
}
