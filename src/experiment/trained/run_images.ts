import { drawn } from "../../data/loader.ts";
import { DataError } from "../../errors.ts";
import { withLabels } from "../../explore/given_labels.ts";
import { type FileImages, findImages, imageBatches, type Wanted } from "../../explore/image_files.ts";
import type { Images } from "../../explore/images.ts";
import type { OpenRun, SplitName } from "./open_trained.ts";

/** What a run's model takes of images of files. */
export function wantedOf({ imageShape, imageRange, config }: OpenRun): Wanted {
  const { center_crop: centerCrop } = config.data_params;
  return { imageShape, imageRange, ...(typeof centerCrop === "number" && { centerCrop }) };
}

/**
 * The images of files batch by batch, for more than memory holds: all, or `limit` of them drawn from all.
 *
 * @param options `label`: NAME=VALUE of each label that a conditional model wants; `note` is told what is skipped
 * @throws ConfigError where a pattern fits no file, DataError where none can be read
 */
export async function* batchesOfFiles(
  run: OpenRun,
  patterns: readonly string[],
  {
    label,
    limit,
    note,
  }: {
    readonly label?: readonly string[] | undefined;
    readonly limit?: number | undefined;
    note(sentence: string): void;
  },
): AsyncGenerator<FileImages> {
  const { files, notes } = await findImages(patterns);
  const places = drawn(limit ?? files.length, files.length); // as of a split: names may count in a period, too
  const chosen = Array.from(places, (place) => files[place]!);
  notes.forEach(note);
  for await (const batch of imageBatches(chosen, wantedOf(run), note))
    yield withLabels(batch, run.vae, label);
}

/** `count` images from all over a split of the run's data, with their labels. @throws DataError where it has none */
export async function imagesOfSplit(run: OpenRun, split: SplitName, count: number): Promise<Images> {
  const loader = await run.loader(split);
  if (loader.size > 0) return loader.spread(count);
  const kind = { train: "training", val: "validation", test: "test" }[split];
  throw new DataError(
    `${run.runDir}: expected data with ${kind} images, got none. Name images, or take other data: --set data_params.…`,
  );
}
