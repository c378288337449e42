import { type Memory, openMemory, type Pointer } from "../../ffi.ts";

let opened: Memory | undefined;

/** The process's native memory. */
export const memory = (): Memory => {
  opened ??= openMemory();
  return opened;
};

/**
 * Native memory in slots of 8 bytes. Every field of PJRT's argument structs has a slot of its own, so that this is a
 * struct, an array of pointers and an array of sizes; written as two halves, since a BigInt would be made for each.
 */
export class Slots {
  readonly at: Pointer;
  private readonly low: Uint32Array;
  private readonly high: Int32Array;

  constructor(readonly length: number) {
    const bytes = 8 * Math.max(1, length);
    this.at = memory().malloc(bytes);
    const view = memory().view(this.at, bytes);
    this.low = new Uint32Array(view).fill(0);
    this.high = new Int32Array(view);
  }

  static of(values: readonly number[]): Slots {
    const slots = new Slots(values.length);
    for (let i = 0; i < values.length; i++) slots.set(i, values[i]!);
    return slots;
  }

  /** Sets an integer of up to 53 bits, as are sizes and addresses. */
  set(i: number, value: number): void {
    this.low[2 * i] = value; // modulo 2^32
    this.high[2 * i + 1] = Math.floor(value / 2 ** 32);
  }

  get(i: number): number {
    return this.high[2 * i + 1]! * 2 ** 32 + this.low[2 * i]!;
  }

  /** The first 4 bytes: an int or an enum, after which padding is left as it was. */
  getInt(i: number): number {
    return this.low[2 * i]! | 0;
  }

  /** The first byte: a bool, after which padding is left as it was. */
  getBool(i: number): boolean {
    return (this.low[2 * i]! & 255) !== 0;
  }

  free(): void {
    memory().free(this.at);
  }
}

/** A copy of `bytes` in native memory, that `free` ends. */
export function copyIn(bytes: ArrayBufferView): Pointer {
  const at = memory().malloc(Math.max(8, bytes.byteLength));
  if (bytes.byteLength > 0) memory().write(at, bytes, bytes.byteLength);
  return at;
}

/** A copy of native memory. */
export function copyOut(at: Pointer, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  if (bytes > 0) memory().read(out, at, bytes);
  return out;
}

export const readText = (at: Pointer, bytes: number): string => Buffer.from(copyOut(at, bytes)).toString();

/** `count` slots that belong to the library. */
export function readSlots(at: Pointer, count: number): number[] {
  return count === 0 ? [] : [...new BigInt64Array(memory().view(at, 8 * count))].map(Number);
}
