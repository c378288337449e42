import type { Pointer } from "../../ffi.ts";
import { copyIn, copyOut, memory, readText, Slots } from "./slots.ts";

/** A number is an integer where it is whole, else a float. */
export type NamedValue = string | number | boolean | readonly number[];
export type NamedValues = Readonly<Record<string, NamedValue>>;

/** PJRT_NamedValue: struct_size, extension_start, name, its size, type, value, its size. */
const SLOTS = 7;
/** PJRT_NamedValue_Type. */
const Type = { STRING: 0, INT: 1, INTS: 2, FLOAT: 3, BOOL: 4 } as const;

/** `values` as PJRT_NamedValue[] for `use`, whose copy ends with it. */
export function withNamedValues<T>(values: NamedValues, use: (at: Pointer, count: number) => T): T {
  const entries = Object.entries(values);
  const rows = new Slots(SLOTS * entries.length);
  const owned: Pointer[] = [];
  const own = (bytes: ArrayBufferView) => {
    const at = copyIn(bytes);
    owned.push(at);
    return at;
  };
  try {
    entries.forEach(([key, value], i) => {
      const name = Buffer.from(key);
      const row = [8 * SLOTS, 0, own(name), name.length, ...encode(value, own)];
      for (let j = 0; j < SLOTS; j++) rows.set(SLOTS * i + j, row[j]!);
    });
    return use(entries.length === 0 ? 0 : rows.at, entries.length);
  } finally {
    rows.free();
    for (const at of owned) memory().free(at);
  }
}

/** Type, value and size of a value. */
function encode(value: NamedValue, own: (bytes: ArrayBufferView) => Pointer): [number, number, number] {
  if (typeof value === "boolean") return [Type.BOOL, Number(value), 1];
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return [Type.STRING, own(text), text.length];
  }
  if (typeof value !== "number") return [Type.INTS, own(BigInt64Array.from(value, BigInt)), value.length];
  if (Number.isInteger(value)) return [Type.INT, value, 1];
  return [Type.FLOAT, new Uint32Array(Float32Array.of(value).buffer)[0]!, 1];
}

/** The PJRT_NamedValue[] at an address. */
export function readNamedValues(at: Pointer, count: number): Record<string, NamedValue> {
  const found: Record<string, NamedValue> = {};
  if (count === 0) return found;
  const rows = new DataView(memory().view(at, 8 * SLOTS * count));
  for (let i = 0; i < count; i++) {
    const slot = (j: number) => 8 * (SLOTS * i + j);
    const integer = (j: number) => Number(rows.getBigInt64(slot(j), true));
    const value = (): NamedValue => {
      switch (rows.getInt32(slot(4), true)) {
        case Type.STRING:
          return readText(integer(5), integer(6));
        case Type.INTS:
          return [...new BigInt64Array(copyOut(integer(5), 8 * integer(6)).buffer)].map(Number);
        case Type.FLOAT:
          return rows.getFloat32(slot(5), true);
        case Type.BOOL:
          return rows.getUint8(slot(5)) !== 0;
        default:
          return integer(5);
      }
    };
    found[readText(integer(2), integer(3))] = value();
  }
  return found;
}
