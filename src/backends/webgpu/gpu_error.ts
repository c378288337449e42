import { EngineError } from "../../errors.ts";

/** The GPU is gone, or refused work: what lay in its memory can't be read any more. */
export class GpuError extends EngineError {
  override readonly name: string = "GpuError";
}
