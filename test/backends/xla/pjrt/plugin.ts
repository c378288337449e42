import { describe } from "vitest";
import type { PjrtClient } from "../../../../src/backends/xla/pjrt/index.ts";
import { findPlugin, openPlugin } from "../../../../src/backends/xla/plugins/index.ts";

/** A plugin for CPUs: that of `vae setup xla --cpu`, or the file that TFJS_VAE_XLA_CPU names. */
export const cpuPlugin = findPlugin("cpu");

/** Tests that run programs; skipped where there is no plugin for CPUs. */
export const describeXla = describe.skipIf(cpuPlugin === undefined);

/** A client with two devices; one for a test file, since a plugin keeps its threads for good. */
export function cpuClient(): PjrtClient {
  opened ??= openPlugin(cpuPlugin!, { cpu_device_count: 2 });
  return opened;
}
let opened: PjrtClient | undefined;
