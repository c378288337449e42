import type { FileHandle } from "node:fs/promises";
import { readRange } from "./inside.ts";

const CHUNK = 1 << 20;
const COMMA = 44;
const NEWLINE = 10;

/**
 * Calls `row` for every whole line between two bytes, with the values of the columns `wanted` (by their place in a line);
 * those whose cells are not empty are `filled`. The arrays are the same ones each time. Other cells are not looked at.
 *
 * @returns the byte after the last whole line, and the bytes before it
 */
export async function scanRows(
  handle: FileHandle,
  [from, to]: readonly [from: number, to: number],
  wanted: readonly number[],
  row: (values: Float64Array, filled: Uint8Array) => void,
): Promise<{ end: number; before: Buffer }> {
  const slots = new Int32Array(Math.max(-1, ...wanted) + 1).fill(-1);
  const twice: (readonly [slot: number, as: number])[] = [];
  wanted.forEach((column, slot) => {
    if (slots[column]! < 0) slots[column] = slot;
    else twice.push([slot, slots[column]!]);
  });
  const values = new Float64Array(wanted.length);
  const filled = new Uint8Array(wanted.length);
  let end = from;
  let before: Buffer = Buffer.alloc(0);
  let length = CHUNK;
  while (end < to) {
    const bytes = await readRange(handle, end, Math.min(to, end + length));
    const used = bytes.lastIndexOf(NEWLINE) + 1;
    if (used === 0) {
      if (end + bytes.length >= to || bytes.length < length) break; // a last line that is not whole yet
      length *= 2; // a line longer than a chunk
      continue;
    }
    const text = bytes.toString("latin1", 0, used); // at once: a call for each cell takes twice the time
    let column = 0;
    let start = 0;
    filled.fill(0);
    for (let i = 0; i < used; i++) {
      const byte = bytes[i]!;
      if (byte !== COMMA && byte !== NEWLINE) continue;
      const slot = column < slots.length ? slots[column]! : -1;
      if (slot >= 0 && i > start) {
        values[slot] = Number(text.slice(start, i));
        filled[slot] = 1;
      }
      start = i + 1;
      column++;
      if (byte === COMMA) continue;
      for (const [slot, as] of twice) {
        values[slot] = values[as]!;
        filled[slot] = filled[as]!;
      }
      row(values, filled);
      column = 0;
      filled.fill(0);
    }
    end += used;
    before = bytes.subarray(Math.max(0, used - 64), used);
  }
  return { end, before: Buffer.from(before) };
}
