import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError } from "../../../errors.ts";
import { type NamedValues, openClient, type PjrtClient } from "../pjrt/index.ts";
import type { Plugin } from "./find.ts";
import { PLATFORMS } from "./platforms.ts";

/**
 * A client of a plugin with its platform's options. NVIDIA's finds its libraries by its own file's place; its compiler's
 * tools are told to it, since releases differ in where they look.
 *
 * @param options beside the platform's, or instead of them
 * @throws EngineError where it does not load or finds no device
 */
export function openPlugin({ file, platform }: Plugin, options: NamedValues = {}): PjrtClient {
  if (platform === "cuda") tellCudaTools(file);
  return openClient(file, {
    ...PLATFORMS[platform].client,
    ...(platform === "cpu" && cpuDevices()),
    ...options,
  });
}

/** As many devices as TFJS_VAE_XLA_CPU_DEVICES says share the processor, to try what several do. @throws EngineError */
function cpuDevices(): NamedValues {
  const text = process.env[CPU_DEVICES];
  if (text === undefined || text === "") return {};
  if (/^[1-9]\d?$/.test(text)) return { cpu_device_count: Number(text) };
  throw new EngineError(`${CPU_DEVICES}: expected 1 to 99, got "${text}".`);
}
const CPU_DEVICES = "TFJS_VAE_XLA_CPU_DEVICES";

/** Adds the folder of ptxas and libdevice to XLA_FLAGS, which plugins read as they load; a user's own flag stays. */
export function tellCudaTools(file: string): void {
  const flags = process.env.XLA_FLAGS ?? "";
  if (flags.includes("xla_gpu_cuda_data_dir")) return;
  const folder = cudaTools(file);
  if (folder !== undefined) process.env.XLA_FLAGS = `--xla_gpu_cuda_data_dir=${folder} ${flags}`.trim();
}

/** NVIDIA's own wheels lie beside the plugin's: ../../nvidia/cu13 of jax_plugins/xla_cuda13/xla_cuda_plugin.so. */
function cudaTools(file: string): string | undefined {
  const nvidia = join(dirname(file), "..", "..", "nvidia");
  return ["cu13", "cu12", "cuda_nvcc"]
    .map((name) => join(nvidia, name))
    .find((folder) => existsSync(join(folder, "bin", "ptxas")));
}
