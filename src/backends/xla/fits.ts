import { EngineError } from "../../errors.ts";
import { bytesText } from "../../text/numbers.ts";
import { type Executable, MEMORY_REMEDY, type MemoryStats, PjrtError } from "./pjrt/index.ts";

/** Bytes that one run of a step takes, as its compiler has laid it out; undefined where the plugin doesn't say. */
export function bytesOf(step: Pick<Executable, "memory">): number | undefined {
  try {
    return step.memory.total;
  } catch (error) {
    if (error instanceof PjrtError) return undefined; // of one that was loaded, some say nothing
    throw error;
  }
}

/**
 * @param bytes that a step takes
 * @param device what its allocator says; undefined where it says nothing
 * @throws EngineError where the device can't hold the step, before anything is uploaded for it
 */
export function checkFits(bytes: number | undefined, device: MemoryStats | undefined): void {
  const limit = device?.limit;
  if (bytes === undefined || limit === undefined || bytes <= limit) return;
  throw new EngineError(
    `The device's memory does not suffice: the training step takes ${bytesText(bytes)}, the device has ${bytesText(limit)}. ${MEMORY_REMEDY}`,
  );
}
