import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  findLibrary,
  LIBRARY_FILES,
  libraryFolder,
  readManifest,
  wholeManifest,
} from "../../backends/tensorflow/library.ts";
import { bytesText } from "../../text/numbers.ts";
import { type Check, computes, missing, note, ok } from "./check.ts";
import type { Failed, Probed } from "./probe.ts";

/** koffi, which calls the library's C functions. */
export async function koffiCheck(): Promise<Check> {
  try {
    const { default: koffi } = await import("koffi");
    return ok("koffi", `${koffi.version}`);
  } catch (error) {
    return missing(
      "koffi",
      `does not load: ${(error as Error).message.split("\n")[0]}`,
      "install the packages again, optional ones too",
    );
  }
}

/** Whether TensorFlow's library is there and whole; not whether it works. */
export function libraryCheck(): Check {
  const name = "TensorFlow's library";
  const setup = "npx vae setup tensorflow";
  const named = process.env.TFJS_VAE_TENSORFLOW;
  const found = findLibrary();
  if (found === undefined) {
    if (named)
      return missing(name, `TFJS_VAE_TENSORFLOW names ${named}, where it is not`, "correct or unset it");
    if ([libraryFolder(true), libraryFolder()].some((f) => readManifest(f) !== undefined))
      return missing(name, "its files are gone", setup);
    return note(
      name,
      "not set up, nor needed: wasm trains; with it a run on the processor takes the faster of both",
      setup,
    );
  }
  if (found.from === "TFJS_VAE_TENSORFLOW") {
    return ok(name, `${found.file} (${sizeOf(found.file)}), named by TFJS_VAE_TENSORFLOW`);
  }
  const whole = wholeManifest(found);
  if (whole === undefined) {
    return missing(name, `${found.file}: a file is missing or has another size`, `${setup} --force`);
  }
  const bytes = Object.values(whole.files).reduce((a, b) => a + b, 0);
  return ok(name, `${whole.version} in ${whole.folder} (${bytesText(bytes)}), from ${whole.from}`);
}

function sizeOf(file: string): string {
  const framework = join(dirname(file), LIBRARY_FILES[1]);
  const sizes = [file, framework].map((f) => statSync(f, { throwIfNoEntry: false })?.size ?? 0);
  return bytesText(sizes.reduce((a, b) => a + b, 0));
}

/** What the library does: the outcome of a small computation, or of its crash. */
export function computeChecks(probed: Probed | Failed, gpuDriver: boolean): Check[] {
  if ("problem" in probed) {
    const text = `TensorFlow does not compute: ${probed.problem}`;
    if (probed.told) return [{ name: "training", state: "missing", text }];
    return [missing("training", text, "npx vae setup tensorflow --force")];
  }
  const { version, device, devices, milliseconds } = probed;
  const text = `TensorFlow ${version} computes on ${short(device)} (loaded in ${milliseconds} ms)`;
  const trains = computes("training", text, "tensorflow");
  const gpus = devices.filter((d) => /:GPU:/.test(d)).map(short);
  if (gpus.length > 0) return [trains, ok("GPU", gpus.join(", "))];
  if (!gpuDriver) return [trains];
  return [
    trains,
    note(
      "GPU",
      "NVIDIA's driver is there, but this TensorFlow sees no GPU",
      "npx vae setup tensorflow --gpu",
    ),
  ];
}

/** Whether NVIDIA's kernel driver is loaded (Linux). */
export const gpuDriver = (): boolean => existsSync("/proc/driver/nvidia/version");

/** "CPU:0" of "/job:localhost/replica:0/task:0/device:CPU:0". */
const short = (device: string): string => device.replace(/^.*device:/, "");
