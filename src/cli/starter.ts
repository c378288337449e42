import { existsSync, rmSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import type { StarterArgs } from "../config/starter.ts";
import type { Look } from "../data/image_folder/look.ts";
import { ConfigError, DataError } from "../errors.ts";
import type { ModelDefinition } from "../models/define.ts";
import { counted } from "../text/counted.ts";
import { bytesText, duration, short } from "../text/numbers.ts";
import { shellWord } from "../text/shell.ts";

/** The variant of a name. @throws ConfigError where there is none, with the nearest */
export async function modelNamed(name: string, command: string): Promise<ModelDefinition> {
  const { getModel, modelNames } = await import("../models/registry.ts");
  const model = getModel(name);
  if (model !== undefined) return model;
  const { nearModel } = await import("../config/validate.ts");
  const { projectRegistries } = await import("../config/registries.ts");
  const near = nearModel(await projectRegistries())(name, modelNames());
  throw new ConfigError(`${command}: expected one of ${modelNames().join(", ")}, got "${name}".${near}`);
}

/** What a folder of images is like. @throws DataError where there are none, or none can be read */
export async function lookAt(folder: string): Promise<Look> {
  const { lookAtImages } = await import("../data/image_folder/look.ts");
  const look = await lookAtImages(folder);
  if (look === undefined)
    throw new DataError(
      `${folder}: expected a folder of images (JPEG, PNG, WebP, TIFF, GIF or AVIF), found none in it or below`,
    );
  if (look.read === 0)
    throw new DataError(
      `${folder}: expected images that can be read, got ${counted(look.images, "file")} of which none can`,
    );
  return look;
}

/**
 * Checks that a starting config that is there is of these images, and not of another folder of the same name.
 *
 * @throws ConfigError where it is of others
 */
export async function checkIsOf(file: string, folder: string): Promise<void> {
  const { loadConfig } = await import("../config/load.ts");
  const { config, baseDir } = await loadConfig(file);
  const { data_path: path = "" } = config.data_params as { readonly data_path?: string };
  if (resolve(baseDir, path) === resolve(folder)) return;
  throw new ConfigError(
    `${file}: expected a config for the images of ${folder}, got one that was there, for ${path}. ` +
      `Name the config that you mean: vae run --config FILE, one for these images by vae init VARIANT ${shellWord(folder)} --out FILE`,
  );
}

/**
 * Writes a starting config to `file`, checked as vae run checks it; `measure`: with what a training step takes here.
 *
 * @throws ConfigError where it is there, or the variant can't train on these images
 */
export async function writeStarter(
  file: string,
  { model, folder, look, measure }: { model: ModelDefinition; folder: string; look: Look; measure: boolean },
): Promise<void> {
  if (existsSync(file))
    throw new ConfigError(
      `${file}: expected no such file yet, and nothing is written over it. Choose another by --out`,
    );
  const { starterConfig } = await import("../config/starter.ts");
  const { loadConfig } = await import("../config/load.ts");
  const { writeOutput } = await import("./write_output.ts");
  const args: Omit<StarterArgs, "cost"> = {
    model,
    look,
    dataPath: relative(dirname(resolve(file)), resolve(folder)) || ".",
    command: `vae run --config ${shellWord(file)}`,
    name: nameOf(model, folder),
  };
  const cost = [`Time and memory were not measured: vae bench ${shellWord(file)}`];
  await writeOutput(file, starterConfig({ ...args, cost }), { named: true });
  try {
    const loaded = await loadConfig(file);
    if (!measure) return;
    const text = starterConfig({ ...args, cost: await measured(loaded, look) });
    await writeOutput(file, text, { named: true, force: true });
  } catch (error) {
    rmSync(file, { force: true }); // what can't be run is no start
    throw error;
  }
}

export const nameOf = ({ name }: ModelDefinition, folder: string): string =>
  `${basename(resolve(folder)).replaceAll(/[^\w.-]+/g, "_")}_${name}`;

/** Steps measured, after those that warm up. */
const STEPS = 3;

/** What a step of the config takes on this machine, as vae bench measures it on random images. */
async function measured(
  { config, baseDir }: Awaited<ReturnType<typeof import("../config/load.ts").loadConfig>>,
  { images }: Look,
): Promise<string[]> {
  const { useBackend } = await import("../backends/use_backend.ts");
  const { timedSteps } = await import("../experiment/timing/timed_steps.ts");
  const backend = await useBackend("auto");
  const step = await timedSteps({ config, baseDir, backend });
  const seconds: number[] = [];
  for (let i = 0; i < STEPS; i++) seconds.push(await step());
  const rate = config.data_params.train_batch_size / Math.min(...seconds);
  const epoch = (0.8 * images) / rate;
  const { max_epochs: epochs = 1 } = config.trainer_params;
  const memory = process.resourceUsage().maxRSS * 1024;
  return [
    `Measured here with ${backend.name}, steps on random images: ${short(rate, { digits: 2 })} images/s and ${bytesText(memory)} of memory.`,
    `Estimated from that: ${duration(epoch)} an epoch, ${duration(epoch * epochs)} in all, validation and decoding left out.`,
  ];
}
