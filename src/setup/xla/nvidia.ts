import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../errors.ts";

const DRIVER = "/proc/driver/nvidia";
/** The first of NVIDIA's Linux drivers that CUDA 13 runs on. */
const OLDEST_DRIVER = 580;

/** "580.159.04" of the driver that is loaded; undefined where none is, or it hides (WSL). */
export function driverVersion(folder = DRIVER): string | undefined {
  const file = join(folder, "version");
  if (!existsSync(file)) return undefined;
  return /Kernel Module\s+(?:for \S+\s+)?(\d+(?:\.\d+)+)/.exec(readFileSync(file, "utf8"))?.[1];
}

/** Names of the cards as the driver gives them. */
export function gpuModels(folder = DRIVER): string[] {
  const gpus = join(folder, "gpus");
  if (!existsSync(gpus)) return [];
  return readdirSync(gpus).map((name) => {
    const text = readFileSync(join(gpus, name, "information"), "utf8");
    return /^Model:\s*(.+?)\s*$/m.exec(text)?.[1] ?? name;
  });
}

/** GPUs by their device files. */
export const gpuCount = (devices = "/dev"): number =>
  readdirSync(devices).filter((name) => /^nvidia\d+$/.test(name)).length;

/** @throws EngineError where the driver is too old for the libraries */
export function checkDriver(version = driverVersion()): void {
  if (version === undefined || Number.parseInt(version, 10) >= OLDEST_DRIVER) return;
  throw new EngineError(
    `NVIDIA's driver is ${version}; CUDA 13 runs on ${OLDEST_DRIVER} or later. Update it; or install jax[cuda12] in a Python, whose plugin is found by itself.`,
  );
}
