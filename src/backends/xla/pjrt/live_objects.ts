import type { Pointer } from "../../ffi.ts";
import type { PjrtApi } from "./api.ts";
import { Slots } from "./slots.ts";

/** What a client's buffers and executables have of it: the plugin's functions, and the count of those that are alive. */
export class LiveObjects {
  /** Device buffers that were not destroyed. */
  buffers = 0;
  /** Executables that were not destroyed. */
  executables = 0;
  private readonly dying = new Slots(3);

  constructor(readonly api: PjrtApi) {
    this.dying.set(0, 8 * 3);
  }

  /** PJRT_Buffer_Destroy by a struct that is kept: a step calls it for each of its variables. */
  destroyBuffer(buffer: Pointer): void {
    this.dying.set(2, buffer);
    this.api.check(this.api.function("Buffer_Destroy")(this.dying.at), "Buffer_Destroy");
    this.buffers--;
  }

  /** Frees that struct; nothing is alive any more. */
  free(): void {
    this.dying.free();
  }
}
