import { existsSync } from "node:fs";
import { describe } from "vitest";
import { openClient, type PjrtClient } from "../../../../src/backends/xla/pjrt/index.ts";

/** A plugin for CPUs that the tests run on: the file that TFJS_VAE_XLA_CPU names. */
export const cpuPlugin = [process.env.TFJS_VAE_XLA_CPU].find((file) => file && existsSync(file));

/** Tests that run programs; skipped where there is no plugin for CPUs. */
export const describeXla = describe.skipIf(cpuPlugin === undefined);

/** A client with two devices, one for each test file: a plugin keeps its threads for good. */
export function cpuClient(): PjrtClient {
  opened ??= openClient(cpuPlugin!, { cpu_device_count: 2 });
  return opened;
}
let opened: PjrtClient | undefined;
