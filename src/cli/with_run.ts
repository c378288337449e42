import type { Command } from "commander";
import { ConfigError } from "../errors.ts";
import type { OpenRun } from "../experiment/trained/open_trained.ts";
import type { FileImages } from "../explore/image_files.ts";
import type { Images } from "../explore/images.ts";
import type { Rng } from "../rng.ts";
import { wholeNumber } from "./numbers.ts";
import { backendOption, checkpointOption, setOption } from "./options.ts";
import { progressTo } from "./progress.ts";

/** Options of every command on a trained run. */
export interface RunOptions {
  readonly checkpoint?: string;
  readonly seed?: number;
  readonly backend: string;
  readonly set?: readonly string[];
}

export const RUN_HELP = "folder of a run, one of its checkpoints, or hf:OWNER/NAME on the Hugging Face hub";

/** Adds the options of every command on a trained run. */
export function addRunOptions(command: Command): Command {
  return command
    .addOption(checkpointOption())
    .option("--seed <n>", "seed of all randomness; default: the run's own", wholeNumber(0))
    .addOption(backendOption())
    .addOption(setOption({ example: "data_params.data_path=path/to/others" }));
}

/** Calls `use` with an open run and its randomness, and closes the run. */
export async function withRun(
  path: string,
  { checkpoint, seed, backend, set }: RunOptions,
  use: (run: OpenRun, rng: Rng) => Promise<void>,
): Promise<void> {
  const { openTrained } = await import("../experiment/trained/open_trained.ts");
  const { Rng } = await import("../rng.ts");
  const run = await openTrained(path, {
    backend,
    progress: progressTo(process.stderr),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(set !== undefined && { set }),
  });
  try {
    await use(run, Rng.fromSeed(seed ?? run.config.exp_params.manual_seed));
  } finally {
    await run.close();
  }
}

/** The images of files as the run's model takes them; those that can't be read are skipped, and it is said. */
export async function imagesOfFiles(run: OpenRun, patterns: readonly string[], label?: readonly string[]) {
  const { concatImages } = await import("../explore/images.ts");
  const { withLabels } = await import("../explore/given_labels.ts");
  const batches: FileImages[] = [];
  for await (const batch of batchesOfFiles(run, patterns, { label })) batches.push(batch);
  const files = batches.flatMap((batch) => batch.files);
  return withLabels({ ...concatImages(batches), files }, run.vae, label);
}

/** The images of files batch by batch, for more than memory holds: all, or `limit` of them drawn from all. */
export async function* batchesOfFiles(
  run: OpenRun,
  patterns: readonly string[],
  options: {
    readonly label?: readonly string[] | undefined;
    readonly limit?: number | undefined;
  } = {},
): AsyncGenerator<FileImages> {
  const files = await import("../experiment/trained/run_images.ts");
  const note = (sentence: string) => console.error(`note   ${sentence}`);
  yield* files.batchesOfFiles(run, patterns, { ...options, note });
}

/** The images of files, or where none is given `count` of the validation split. @throws ConfigError for its labels */
export async function imagesOrValidation(
  run: OpenRun,
  patterns: readonly string[],
  count: number,
  label?: readonly string[],
): Promise<Images> {
  if (patterns.length > 0) return imagesOfFiles(run, patterns, label);
  ownLabels(label);
  return validationImages(run, count);
}

/** @throws ConfigError for labels given to images of the data, which have their own */
export function ownLabels(given: readonly string[] | undefined): void {
  if (given === undefined || given.length === 0) return;
  throw new ConfigError(
    "--label: expected images of files, got those of the run's data, which have labels of their own. Leave it out, or " +
      "name files.",
  );
}

/** `count` images from all over the validation split. @throws DataError where it has none */
export async function validationImages(run: OpenRun, count: number): Promise<Images> {
  const { imagesOfSplit } = await import("../experiment/trained/run_images.ts");
  return imagesOfSplit(run, "val", count);
}
