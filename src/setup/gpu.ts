import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Manifest, TENSORFLOW_VERSION } from "../backends/tensorflow/library.ts";
import { checkRoom } from "../download/disk.ts";
import { EngineError } from "../errors.ts";
import type { SetupOptions } from "./options.ts";
import { findPip } from "./pip.ts";
import { installWithDependencies } from "./pip_wheel.ts";
import type { Platform } from "./platform.ts";

/** TensorFlow, CUDA and pip's downloads of them beside each other, in bytes. */
const ROOM = 12e9;

/**
 * Installs TensorFlow with CUDA's libraries into `folder`, which is to become `target`: TensorFlow looks for
 * them beside itself.
 *
 * @throws UserError
 */
export async function installGpu(
  platform: Platform,
  folder: string,
  target: string,
  { signal, say, showPip = false }: SetupOptions,
): Promise<Manifest> {
  if (platform.name !== "linux x64")
    throw new EngineError(
      `--gpu: TensorFlow with CUDA is published for linux x64; this is ${platform.name}. Leave --gpu out.`,
    );
  await checkRoom(dirname(folder), ROOM);
  const pip = await findPip(signal);
  say?.("pip downloads and installs TensorFlow and CUDA, 3.4 GB");
  const requirement = `tensorflow[and-cuda]==${TENSORFLOW_VERSION}`;
  await installWithDependencies(pip, requirement, folder, { signal, show: showPip });
  const files: Record<string, number> = {};
  for (const name of platform.files) {
    const size = statSync(join(folder, "tensorflow", name), { throwIfNoEntry: false })?.size;
    if (size === undefined) throw new EngineError(`--gpu: pip installed ${requirement} without ${name}.`);
    files[name] = size;
  }
  return {
    folder: join(target, "tensorflow"),
    from: "vae setup tensorflow --gpu",
    version: TENSORFLOW_VERSION,
    files,
  };
}
