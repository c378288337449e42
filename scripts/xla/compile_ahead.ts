import { readFileSync } from "node:fs";
import {
  type CompileOptions,
  type NamedValues,
  PjrtApi,
  type ProgramMemory,
  Topology,
} from "../../src/backends/xla/pjrt/index.ts";
import { type ProgramParts, readProgram } from "./hlo.ts";

/** Devices that programs are compiled for without having them. */
export interface Target {
  /** The plugin's word for them. */
  readonly topology: string;
  readonly options: NamedValues;
  /** What the plugin would ask the machine for, in environment variables. */
  readonly machine?: Readonly<Record<string, string>>;
}

/** NVIDIA H100s in one machine; by NVIDIA's plugin. */
export const h100 = (count = 1): Target => ({
  topology: "h100",
  options: {
    target_config: readFileSync(new URL("h100.txtpb", import.meta.url), "utf8"),
    topology: `1x1x${count}`, // slices, hosts, devices of a host
  },
});

/** TPUs v5e, 4 chips of one core each; by libtpu. */
export const tpuV5e: Target = {
  topology: "v5e:2x2x1",
  options: {},
  machine: {
    TPU_SKIP_MDS_QUERY: "1", // or it asks a server of Google's cloud for minutes
    TPU_ACCELERATOR_TYPE: "v5litepod-4",
    TPU_WORKER_HOSTNAMES: "localhost",
    TPU_WORKER_ID: "0",
  },
};

export interface Compiled extends ProgramParts {
  readonly seconds: number;
  readonly memory: ProgramMemory;
  /** XLA's estimates, where the plugin makes some. */
  readonly flops: number | undefined;
}

/**
 * What a plugin makes of a StableHLO program for devices that need not be here.
 *
 * @param plugin file of the plugin
 * @throws EngineError
 */
export async function compileAhead(
  plugin: string,
  target: Target,
  program: string | Uint8Array,
  options: CompileOptions = {},
): Promise<Compiled> {
  for (const [name, value] of Object.entries(target.machine ?? {})) process.env[name] ??= value;
  const topology = new Topology(apiOf(plugin), target.topology, target.options);
  try {
    const began = performance.now();
    const compiled = await topology.compile(program, options);
    const seconds = (performance.now() - began) / 1000;
    try {
      const flops = compiled.cost?.flops;
      return {
        seconds,
        memory: compiled.memory,
        flops: typeof flops === "number" ? flops : undefined,
        ...readProgram(compiled.optimizedProgram()),
      };
    } finally {
      compiled.destroy();
    }
  } finally {
    topology.destroy();
  }
}

/** A plugin is loaded once a process. */
const apis = new Map<string, PjrtApi>();

function apiOf(plugin: string): PjrtApi {
  const api = apis.get(plugin) ?? new PjrtApi(plugin);
  apis.set(plugin, api);
  return api;
}
