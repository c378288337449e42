import { rm } from "node:fs/promises";
import { type Manifest, wholeLibrary } from "../../backends/tensorflow/library.ts";
import {
  acceleratorsHere,
  PLATFORMS,
  pluginFolder,
  type XlaPlatform,
} from "../../backends/xla/plugins/index.ts";
import { openHttp } from "../../download/http.ts";
import type { OnProgress } from "../../download/unpack.ts";
import { EngineError } from "../../errors.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { bytesText } from "../../text/numbers.ts";
import { findPip } from "../pip.ts";
import { stage } from "../staging.ts";
import { getWheel, wantedFrom, wheelFile } from "./get_wheel.ts";
import { checkDriver, gpuCount } from "./nvidia.ts";
import { unpackWheel } from "./unpack_wheel.ts";
import { type Wheel, wheelsFor } from "./wheels.ts";

export interface XlaSetupOptions {
  /** Default: that of the accelerator that is here. */
  readonly platform?: XlaPlatform | undefined;
  /** Get it again where it is there. */
  readonly force?: boolean | undefined;
  /** Default: the platform's. */
  readonly wheels?: readonly Wheel[];
  readonly onProgress?: OnProgress | undefined;
  /** Takes what a user may want to know of the way, a sentence at a time. */
  readonly say?: ((text: string) => void) | undefined;
  readonly showPip?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface XlaSetUp {
  readonly platform: XlaPlatform;
  readonly manifest: Manifest;
  /** Nothing was done: it was there. */
  readonly already: boolean;
}

/**
 * Gets a PJRT plugin and its maker's libraries into the user's cache, where the xla backend finds them. Wheels that a
 * stopped set-up had got stay for the next one; half a plugin is never left.
 *
 * @throws UserError with what to do; the signal's reason where it was aborted
 */
export async function setupXla(options: XlaSetupOptions = {}): Promise<XlaSetUp> {
  const platform = options.platform ?? platformHere();
  const wheels = options.wheels ?? wheelsFor(platform, platform === "cuda" ? gpuCount() : 1);
  const target = pluginFolder(platform);
  const version = wheels[0]!.version;
  const there = options.force ? undefined : wholeLibrary(target);
  if (there?.version === version) return { platform, manifest: there, already: true };
  checkSystem();
  if (platform === "cuda") checkDriver();

  const { signal, say } = options;
  const downloads = cacheDir("xla", "downloads");
  const files = await getAll(wheels, downloads, options);
  const manifest = await stage(
    target,
    async (folder) => {
      say?.("unpacking");
      const sizes: Record<string, number> = {};
      for (const [i, wheel] of wheels.entries())
        Object.assign(sizes, await unpackWheel(files[i]!, wheel, folder, { signal }));
      return { folder: target, from: "vae setup xla", version, files: sizes };
    },
    { replace: true },
  );
  for (const wheel of wheels) await rm(wheelFile(downloads, wheel), { force: true });
  return { platform, manifest, already: false };
}

async function getAll(wheels: readonly Wheel[], folder: string, options: XlaSetupOptions): Promise<string[]> {
  const { signal, say, onProgress, showPip } = options;
  const pip = await findPip(signal, wantedFrom(wheels[0]!));
  const http = openHttp();
  const total = wheels.reduce((sum, w) => sum + w.bytes, 0);
  let before = 0;
  const files: string[] = [];
  try {
    for (const wheel of wheels) {
      say?.(`${wheel.name} ${wheel.version} (${bytesText(wheel.bytes)})`);
      const show = onProgress && (({ done }: { done: number }) => onProgress({ done: before + done, total }));
      files.push(await getWheel(wheel, { folder, pip, http, onProgress: show, say, showPip, signal }));
      before += wheel.bytes;
    }
    return files;
  } finally {
    await http.destroy();
  }
}

/** @throws EngineError where the wheels are for other computers */
function checkSystem(system: string = process.platform, arch: string = process.arch): void {
  if (system === "linux" && arch === "x64") return;
  throw new EngineError(
    `vae setup xla: the plugins are pinned for linux x64; this is ${system} ${arch}. Install jax with its plugin in a Python, where it is found by itself; or use --backend wasm.`,
  );
}

/** @throws EngineError where no accelerator is here */
function platformHere(): XlaPlatform {
  const [first] = acceleratorsHere();
  if (first !== undefined) return first;
  const names = Object.entries(PLATFORMS).map(([name, { devices }]) => `--${name} (${devices})`);
  throw new EngineError(
    `vae setup xla: no accelerator is seen here (device files of NVIDIA's, AMD's or Google's drivers). Say whose plugin to get: ${names.join(", ")}. On processors wasm trains faster.`,
  );
}
