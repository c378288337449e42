import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError } from "../../../errors.ts";
import { type NamedValues, openClient, type PjrtClient } from "../pjrt/index.ts";
import { isTested, type Plugin } from "./find.ts";
import { PLATFORMS } from "./platforms.ts";

/**
 * A client of a plugin with its platform's options. NVIDIA's finds its libraries by its own file's place; its compiler's
 * tools are told to it, since releases differ in where they look.
 *
 * @param options beside the platform's, or instead of them
 * @throws EngineError where it does not load or finds no device
 */
export function openPlugin(plugin: Plugin, options: NamedValues = {}): PjrtClient {
  const { file, platform } = plugin;
  if (platform === "cuda") tellCuda(plugin);
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

/**
 * What a step's CUDA graph may hold: XLA's own default leaves cuDNN's convolutions out, so that most of a step is still
 * launched kernel by kernel (bench/gpu/README.md has what that costs).
 */
const RECORDED = "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,DYNAMIC_SLICE_FUSION,CONVOLUTION";

/**
 * Adds to XLA_FLAGS, which plugins read as they load, the folder of ptxas and libdevice, and of a version that is known to
 * take it what CUDA graphs may hold. A user's own flags stay.
 */
export function tellCuda(plugin: Plugin): void {
  const own = process.env.XLA_FLAGS ?? "";
  const flags = {
    xla_gpu_cuda_data_dir: cudaTools(plugin.file),
    xla_gpu_enable_command_buffer: isTested(plugin) ? RECORDED : undefined,
  };
  const added = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined || own.includes(name) ? [] : `--${name}=${value}`,
  );
  if (added.length > 0) process.env.XLA_FLAGS = [...added, own].join(" ").trim();
}

/** NVIDIA's own wheels lie beside the plugin's: ../../nvidia/cu13 of jax_plugins/xla_cuda13/xla_cuda_plugin.so. */
function cudaTools(file: string): string | undefined {
  const nvidia = join(dirname(file), "..", "..", "nvidia");
  return ["cu13", "cu12", "cuda_nvcc"]
    .map((name) => join(nvidia, name))
    .find((folder) => existsSync(join(folder, "bin", "ptxas")));
}
