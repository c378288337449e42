import type { Pointer } from "../../ffi.ts";
import type { PjrtDevice } from "./device.ts";
import {
  bytesPerElement,
  ELEMENT_TYPES,
  type ElementType,
  elementCount,
  type Values,
} from "./element_types.ts";
import { waitFor, waitForSync } from "./events.ts";
import { rowMajor } from "./layout.ts";
import type { LiveObjects } from "./live_objects.ts";
import { memory } from "./slots.ts";

/**
 * Values on a device, or the promise of some: a program that was started gives its results' buffers at once. What went
 * wrong with them is told where they are read or waited for. Whoever holds one destroys it.
 */
export class DeviceBuffer {
  private address: Pointer;
  /** Calls on other threads that were given the address and have not taken it up yet. */
  private pins = 0;
  private ended = false;

  constructor(
    private readonly live: LiveObjects,
    address: Pointer,
    readonly shape: readonly number[],
    readonly type: ElementType,
  ) {
    this.address = address;
    live.buffers++;
  }

  /** Of the values, without a device's padding. */
  get bytes(): number {
    return elementCount(this.shape) * bytesPerElement(this.type);
  }

  /** Address of its PJRT_Buffer. @throws Error where it was destroyed */
  get at(): Pointer {
    if (this.ended) throw new Error(`a destroyed device buffer of shape [${this.shape}] is used`);
    return this.address;
  }

  /** Whether it can be read no longer: it was destroyed, or given away to a program that wrote its results there. */
  get isGone(): boolean {
    return this.ended || this.live.api.call("Buffer_IsDeleted", { buffer: this.address }).deleted === 1;
  }

  /** The values, copied. @throws PjrtError also where the program that makes them fails, or it was given away */
  async read(): Promise<Values> {
    const { to, event } = this.startReading();
    try {
      await waitFor(this.live.api, event);
      return this.take(to);
    } finally {
      memory().free(to);
    }
  }

  /** `read` that blocks. */
  readSync(): Values {
    const { to, event } = this.startReading();
    try {
      waitForSync(this.live.api, event);
      return this.take(to);
    } finally {
      memory().free(to);
    }
  }

  /** Settles when the values are there. @throws PjrtError where they can't be made */
  async ready(): Promise<void> {
    await waitFor(this.live.api, this.live.api.call("Buffer_ReadyEvent", { buffer: this.at }).event);
  }

  /** The same values on another device of the client. */
  copyTo(device: PjrtDevice): DeviceBuffer {
    const { copy } = this.live.api.call("Buffer_CopyToDevice", { buffer: this.at, device: device.at });
    return new DeviceBuffer(this.live, copy, this.shape, this.type);
  }

  /** Frees it as soon as no program that was started reads it. Nothing happens the second time. */
  destroy(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.pins === 0) this.free();
  }

  /** Keeps it until `unpin`, though it be destroyed. */
  pin(): void {
    this.pins++;
  }

  unpin(): void {
    if (--this.pins === 0 && this.ended) this.free();
  }

  private free(): void {
    this.live.destroyBuffer(this.address);
  }

  private startReading(): { to: Pointer; event: Pointer } {
    const { at, bytes } = this;
    const to = memory().malloc(Math.max(8, bytes));
    try {
      const layout = rowMajor(this.shape.length);
      const { event } = this.live.api.call("Buffer_ToHostBuffer", { buffer: at, layout, to, size: bytes });
      return { to, event };
    } catch (error) {
      memory().free(to);
      throw error;
    }
  }

  private take(from: Pointer): Values {
    const out = new ELEMENT_TYPES[this.type].array(elementCount(this.shape));
    if (out.length > 0) memory().read(out, from, out.byteLength);
    return out;
  }
}
