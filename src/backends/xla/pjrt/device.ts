import type { Pointer } from "../../ffi.ts";
import type { PjrtApi } from "./api.ts";
import { PjrtError } from "./errors.ts";

/** Bytes of a device's memory, as far as its allocator says. */
export interface MemoryStats {
  readonly inUse: number;
  readonly peak: number | undefined;
  /** What may be taken in all. */
  readonly limit: number | undefined;
}

export class PjrtDevice {
  /** Its number in compile options. */
  readonly id: number;
  /** "NVIDIA H100 80GB HBM3", "TPU v5 lite", "cpu". */
  readonly kind: string;

  constructor(
    private readonly api: PjrtApi,
    readonly at: Pointer,
  ) {
    const { description } = api.call("Device_GetDescription", { device: at });
    this.id = api.call("DeviceDescription_Id", { description }).id;
    this.kind = api.text("DeviceDescription_Kind", { description });
  }

  /** Undefined where the plugin keeps no count, as the CPU's. */
  memoryStats(): MemoryStats | undefined {
    try {
      const s = this.api.call("Device_MemoryStats", { device: this.at });
      return {
        inUse: s.in_use,
        peak: s.has_peak ? s.peak : undefined,
        limit: s.has_limit ? s.limit : undefined,
      };
    } catch (error) {
      if (error instanceof PjrtError && error.code === "UNIMPLEMENTED") return undefined;
      throw error;
    }
  }
}
