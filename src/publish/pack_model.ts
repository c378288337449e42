import { basename, dirname } from "node:path";
import sharp from "sharp";
import { stringify } from "yaml";
import { DataError } from "../errors.ts";
import { summarize } from "../experiment/runs/summary.ts";
import type { OpenRun } from "../experiment/trained/open_trained.ts";
import { fittedStates } from "../experiment/trained/sampler_files.ts";
import { type Images, inBatches, slice } from "../explore/images.ts";
import { encodeAll, encodeImages } from "../explore/latents.ts";
import { gridPng } from "../images/grid.ts";
import { conventionOf, natWeightOf } from "../models/convention.ts";
import { Rng } from "../rng.ts";
import { ENCODED, mostImages, packTensors, spriteLayout } from "./pack_tensors.ts";
import { withoutPlaces } from "./without_places.ts";

export interface PackOptions {
  /** Weights as float16, half the size; default: float32. */
  readonly half?: boolean;
  /** Validation images on the map, at most. */
  readonly images: number;
  /** Of them in full size, at most, as places to start from. */
  readonly originals: number;
  readonly title: string;
  readonly license?: string;
}

/** How a run is named for people. */
export const titleOf = (runDir: string): string => `${basename(dirname(runDir))} ${basename(runDir)}`;

/** A run's model and all that a page shows of it, as one file of safetensors. @throws DataError, ConfigError */
export async function packModel(run: OpenRun, options: PackOptions): Promise<Uint8Array> {
  const { vae, config, imageRange } = run;
  const loader = await run.loader("val");
  if (loader.size === 0)
    throw new DataError(`${run.runDir}: expected data with validation images, got none. Take other data.`);
  const wanted = await loader.spread(options.images);
  const rng = Rng.fromSeed(config.exp_params.manual_seed);
  const { layout } = await encodeImages(vae, slice(wanted, 0, 1), rng);
  const images = slice(wanted, 0, mostImages(layout.size));
  const { splits, labelNames, labelValues, valueNames } = await run.dataset();
  const samplers = fittedStates(run).filter(({ record }) => record.layout !== undefined); // densities of z
  const shown = withoutPlaces(config);
  const { name: _, ...params } = shown.model_params;
  const { webp, ...sprite } = await spriteOf(images, imageRange);
  return packTensors({
    vae,
    latents: await encodeAll(vae, inBatches(images, ENCODED), rng),
    images,
    originals: options.originals,
    sprite: webp,
    samplers: samplers.map(({ record, state }) => ({ name: record.sampler, state })),
    half: options.half ?? false,
    card: {
      title: options.title,
      model: run.model.name,
      params,
      imageShape: run.imageShape,
      imageRange,
      convention: conventionOf(config.exp_params),
      natWeight: natWeightOf(config.exp_params),
      seed: config.exp_params.manual_seed,
      ...(images.labels && {
        labels: labelNames.map((name, i) => ({
          name,
          ...(labelValues && { values: labelValues[i]! }),
          ...(valueNames?.[i] && { valueNames: valueNames[i] }),
        })),
      }),
      samplers: samplers.map(({ record }) => ({ name: record.sampler, options: record.options })),
      sprite,
      trained: {
        data: config.data_params.name,
        step: run.state.step,
        epoch: run.state.epoch,
        images: splits.train.size,
        config: stringify(shown),
        metrics: summarize(run.runDir).last,
      },
      ...(options.license !== undefined && { license: options.license }),
    },
  });
}

/** All images small in one picture. */
async function spriteOf({ images, shape }: Images, range: readonly [number, number]) {
  const [count, height, width] = shape;
  const { columns, side } = spriteLayout(count, width);
  const png = await gridPng(images, shape, { columns, range, padding: 0, scale: 1 });
  const rows = Math.ceil(count / columns);
  const small = sharp(png).resize(columns * side, Math.round((rows * side * height) / width), {
    fit: "fill",
  });
  return { columns, side, webp: new Uint8Array(await small.webp({ quality: 88 }).toBuffer()) };
}
