import type { Pointer } from "../../ffi.ts";
import type { PjrtApi } from "./api.ts";
import { isOver, waitForSync } from "./events.ts";
import { memory } from "./slots.ts";

/** Blocks of one size that wait for the next upload. */
const KEPT = 4;

/**
 * Copies of values on their way to a device, in native memory that the plugin may read until the transfer is over.
 * No thread waits for that: each upload looks which of those before it are over, and takes their memory again, since
 * fresh memory costs more than the copy.
 */
export class Staging {
  private underway: { event: Pointer; block: Pointer; size: number }[] = [];
  private readonly idle = new Map<number, Pointer[]>();

  constructor(private readonly api: PjrtApi) {}

  /** Transfers that were not seen to be over. */
  get count(): number {
    return this.underway.length;
  }

  /** A copy of `bytes` for `send`, which gives the event after which it is no longer read. */
  stage(bytes: ArrayBufferView, send: (block: Pointer) => Pointer): void {
    this.collect();
    const size = 2 ** Math.ceil(Math.log2(Math.max(64, bytes.byteLength)));
    const block = this.idle.get(size)?.pop() ?? memory().malloc(size);
    memory().write(block, bytes, bytes.byteLength);
    try {
      this.underway.push({ event: send(block), block, size });
    } catch (error) {
      this.release(block, size);
      throw error;
    }
  }

  /** Takes back what is no longer read. */
  collect(): void {
    this.underway = this.underway.filter(({ event, block, size }) => {
      if (!isOver(this.api, event)) return true;
      this.api.call("Event_Destroy", { event }); // its failure is the buffer's, and told there
      this.release(block, size);
      return false;
    });
  }

  /** Waits for all, and frees all. */
  end(): void {
    for (const { event, block } of this.underway) {
      try {
        waitForSync(this.api, event);
      } catch {
        // the buffer's failure
      }
      memory().free(block);
    }
    this.underway = [];
    for (const blocks of this.idle.values()) for (const block of blocks) memory().free(block);
    this.idle.clear();
  }

  private release(block: Pointer, size: number): void {
    const blocks = this.idle.get(size) ?? [];
    this.idle.set(size, blocks);
    if (blocks.length < KEPT) blocks.push(block);
    else memory().free(block);
  }
}
