import { readdir, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  libraryFolder,
  type Manifest,
  TENSORFLOW_VERSION,
  wholeLibrary,
} from "../backends/tensorflow/library.ts";
import { DataError, UserError } from "../errors.ts";
import { fromFile, fromServer, type Taken, type Taking } from "./from_wheel.ts";
import { installGpu } from "./gpu.ts";
import { installedInPython } from "./installed_python.ts";
import type { SetupOptions } from "./options.ts";
import { findPip } from "./pip.ts";
import { downloadWheel, locateWheel } from "./pip_wheel.ts";
import { platformOf } from "./platform.ts";
import { stage } from "./staging.ts";

export interface SetUp {
  readonly manifest: Manifest;
  /** Nothing was done: the library was there. */
  readonly already: boolean;
}

/**
 * Gets TensorFlow's library into the user's cache, where the tensorflow backend finds it. Half a library is
 * never left there, whatever happens, and several processes may do it at once.
 *
 * @throws UserError with what to do; the signal's reason where it was aborted
 */
export async function setupTensorflow(options: SetupOptions = {}): Promise<SetUp> {
  const platform = platformOf();
  const target = libraryFolder(options.gpu);
  const { wheel, python, signal, onProgress } = options;
  const named = wheel !== undefined || python !== undefined;
  const there = options.force || named ? undefined : wholeLibrary(target);
  if (there !== undefined) return { manifest: there, already: true };

  const manifest = await stage(
    target,
    async (folder) => {
      if (python !== undefined) return installedInPython(python, platform);
      if (options.gpu) return installGpu(platform, folder, target, options);
      const taking = { platform, folder, onProgress, signal };
      const taken = wheel === undefined ? await download(taking, options) : await fromFile(wheel, taking);
      const from = wheel === undefined ? "vae setup tensorflow" : resolve(wheel);
      return { folder: target, from, version: taken.version, files: taken.files };
    },
    { replace: named || options.force === true },
  );
  return { manifest, already: false };
}

/** The library by ranges of the wheel that pip names, else out of the wheel that pip downloads whole. */
async function download(taking: Taking, { say, showPip, signal }: SetupOptions): Promise<Taken> {
  const { platform, folder } = taking;
  const requirement = `${platform.package}==${TENSORFLOW_VERSION}`;
  const pip = await findPip(signal);
  const scratch = join(folder, "download");
  const place = await locateWheel(pip, requirement, scratch, { signal });
  if (place !== undefined) {
    const { protocol, pathname } = new URL(place.url);
    if (protocol === "file:") return fromFile(fileURLToPath(place.url), taking, place.sha256);
    say?.(`${basename(pathname)}: reading the parts that are needed`);
    try {
      return await fromServer(place.url, taking);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UserError && !(error instanceof DataError)) throw error; // as the full disk
      say?.(`reading parts failed (${(error as Error).message}); pip downloads the whole wheel instead`);
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
    }
  } else say?.(`pip downloads ${requirement} whole (with pip 25.3 or later only parts are read)`);
  const file = await downloadWheel(pip, requirement, scratch, { signal, show: showPip === true });
  const taken = await fromFile(file, taking, place?.sha256);
  await rm(scratch, { recursive: true });
  return taken;
}
