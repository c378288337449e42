import { describe } from "vitest";
import type { PjrtClient } from "../../../../src/backends/xla/pjrt/index.ts";
import { openPlugin } from "../../../../src/backends/xla/plugins/index.ts";
import { xlaPlugin as cpuPlugin } from "../../../support/backends.ts";

export { cpuPlugin };

/** Tests that run programs; skipped where there is no plugin for CPUs. */
export const describeXla = describe.skipIf(cpuPlugin === undefined);

/** A client with two devices; one for a test file, since a plugin keeps its threads for good. */
export function cpuClient(): PjrtClient {
  opened ??= openPlugin(cpuPlugin!, { cpu_device_count: 2 });
  return opened;
}
let opened: PjrtClient | undefined;
