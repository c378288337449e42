import type { NamedValues } from "../pjrt/index.ts";

export const xlaPlatforms = ["cuda", "rocm", "tpu", "cpu"] as const;
export type XlaPlatform = (typeof xlaPlatforms)[number];

interface Description {
  /** Whose devices, for people. */
  readonly devices: string;
  /**
   * Its plugin's file in a folder of Python packages, "*" for any digits; newest first. Those of jax, and wheels that hold
   * a plugin alone.
   */
  readonly files: readonly string[];
  /** The wheel, by its name in a folder "NAME-VERSION.dist-info". */
  readonly wheel: RegExp;
  /** Versions of that wheel that have compiled tfjs-vae's programs, or run them. */
  readonly tested: readonly string[];
  /** Of the plugin's client; several refuse names that they don't know, or values of another type. */
  readonly client: NamedValues;
  /** Whether its library's convolutions take filters with their last axis first: others are reordered in each step. */
  readonly filtersFirst: boolean;
}

/**
 * By platform. Memory is taken as it is needed: XLA's own default takes three quarters of a card at once, which stops
 * every other program on it, though most of our steps take a tenth.
 */
export const PLATFORMS: Readonly<Record<XlaPlatform, Description>> = {
  cuda: {
    devices: "NVIDIA GPUs",
    files: ["jax_plugins/xla_cuda*/xla_cuda_plugin.so"],
    wheel: /^jax_cuda\d+_pjrt$/,
    tested: ["0.12.0.1", "0.11.2"],
    client: { platform_name: "cuda", allocator: "default", preallocate: false },
    filtersFirst: true,
  },
  rocm: {
    devices: "AMD GPUs",
    files: ["jax_plugins/xla_rocm*/xla_rocm_plugin.so"],
    wheel: /^jax_rocm\d+_pjrt$/,
    tested: [],
    client: { platform_name: "rocm", allocator: "default", preallocate: false },
    filtersFirst: false,
  },
  tpu: {
    devices: "TPUs",
    files: ["libtpu/libtpu.so"],
    wheel: /^libtpu$/,
    tested: ["0.0.52"],
    client: {},
    filtersFirst: false,
  },
  cpu: {
    devices: "the processor",
    files: ["lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so"],
    wheel: /^lammps_jax_pjrt_cpu$/,
    tested: ["0.11.2"],
    client: { cpu_device_count: 1 },
    filtersFirst: false,
  },
};

/** The environment variable that names a plugin's file: TFJS_VAE_XLA_CUDA. */
export const variableOf = (platform: XlaPlatform): string => `TFJS_VAE_XLA_${platform.toUpperCase()}`;
