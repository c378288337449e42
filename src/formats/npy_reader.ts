import { DataError } from "../errors.ts";
import { halfToFloat } from "./half.ts";

/** An array of a .npy file whose values follow as they are read. */
export interface NpyStream {
  /** What it is called in errors. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: NpyType;
  /** The values in C order, in pieces of any length. */
  readonly data: AsyncIterable<Uint8Array>;
}

/** The type of an array's elements. */
export interface NpyType {
  /** NumPy's name, such as `<f4`. */
  readonly name: string;
  readonly kind: "number" | "text";
  /** Bytes of an element. */
  readonly width: number;
  /** Number or text at a byte. */
  read(view: DataView, at: number): number | string;
}

const MAGIC = "\x93NUMPY";
/** Most of a header that is read: NumPy's own limit. */
const LONGEST = 1 << 16;

type Read = (view: DataView, at: number) => number;
const NUMBERS: Readonly<Record<string, readonly [width: number, read: Read]>> = {
  b1: [1, (view, at) => view.getUint8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  i1: [1, (view, at) => view.getInt8(at)],
  u2: [2, (view, at) => view.getUint16(at, true)],
  i2: [2, (view, at) => view.getInt16(at, true)],
  u4: [4, (view, at) => view.getUint32(at, true)],
  i4: [4, (view, at) => view.getInt32(at, true)],
  u8: [8, (view, at) => Number(view.getBigUint64(at, true))],
  i8: [8, (view, at) => Number(view.getBigInt64(at, true))],
  f2: [2, (view, at) => halfToFloat(view.getUint16(at, true))],
  f4: [4, (view, at) => view.getFloat32(at, true)],
  f8: [8, (view, at) => view.getFloat64(at, true)],
};

/**
 * The array that a .npy file holds, versions 1.0 to 3.0
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): numbers and booleans in little-endian, and
 * text. Objects, which NumPy pickles, are refused. `source` gives the file's bytes, `name` is for errors.
 *
 * @throws DataError where it is another file, of another type or in Fortran's order
 */
export async function openNpy(source: AsyncIterable<Uint8Array>, name: string): Promise<NpyStream> {
  const pieces = source[Symbol.asyncIterator]();
  const more = () =>
    pieces.next().catch((cause) => {
      const why = (cause as Error).message.replace(/\.$/, "");
      throw new DataError(`${name}: can't be read: ${why}. Get it again.`, { cause });
    });
  let held = Buffer.alloc(0);
  const take = async (count: number): Promise<Buffer> => {
    while (held.length < count) {
      const { done, value } = await more();
      if (done) throw new DataError(`${name}: expected a .npy file, got one of ${held.length} bytes.`);
      held = Buffer.concat([held, value]);
    }
    const taken = held.subarray(0, count);
    held = held.subarray(count);
    return taken;
  };
  const start = await take(8);
  const version = start[6]!;
  if (start.toString("latin1", 0, 6) !== MAGIC || version < 1 || version > 3) {
    throw new DataError(
      `${name}: expected a .npy file (\\x93NUMPY), got ${JSON.stringify(start.toString("latin1", 0, 6))}.`,
    );
  }
  const length = version === 1 ? (await take(2)).readUInt16LE() : (await take(4)).readUInt32LE();
  if (length > LONGEST) throw new DataError(`${name}: damaged: a header of ${length} bytes.`);
  const { shape, dtype } = parseHeader((await take(length)).toString("utf8"), name);
  async function* data(): AsyncGenerator<Uint8Array> {
    let left = shape.reduce((a, b) => a * b, dtype.width);
    const total = left;
    let next: Uint8Array = held;
    for (;;) {
      left -= next.length;
      if (left < 0) throw new DataError(`${name}: too long: its header promises ${total} bytes of values.`);
      if (next.length > 0) yield next;
      const { done, value } = await more();
      if (done) break;
      next = value;
    }
    if (left > 0)
      throw new DataError(
        `${name}: cut short: its header promises ${total} bytes of values, got ${total - left}.`,
      );
  }
  return { name, shape, dtype, data: data() };
}

function parseHeader(text: string, name: string): Pick<NpyStream, "shape" | "dtype"> {
  const descr = /'descr': *'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order': *(True|False)/.exec(text)?.[1];
  const sizes = /'shape': *\(([\d, ]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined)
    throw new DataError(`${name}: expected an array of one simple type, got ${text.trim().slice(0, 80)}.`);
  const shape = sizes.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  if (order === "True" && shape.length > 1)
    throw new DataError(
      `${name}: expected an array in C order, got Fortran's. Save numpy.ascontiguousarray(it).`,
    );
  return { shape, dtype: typeOf(descr, name) };
}

function typeOf(descr: string, name: string): NpyType {
  const numbers = NUMBERS[descr.slice(1)];
  const little = descr[0] === "<" || descr[0] === "|";
  if (numbers !== undefined && (little || numbers[0] === 1))
    return { name: descr, kind: "number", width: numbers[0], read: numbers[1] };
  const letters = /^<U(\d+)$/.exec(descr)?.[1];
  if (letters !== undefined) {
    const count = Number(letters);
    return { name: descr, kind: "text", width: 4 * count, read: (view, at) => text(view, at, count) };
  }
  const remedy =
    descr.slice(1) === "O"
      ? "Objects are pickled, and never read here: save numbers."
      : 'Save it as numbers or text: array.astype("float32").';
  throw new DataError(
    `${name}: expected numbers, booleans or text, got elements of type ${descr}. ${remedy}`,
  );
}

function text(view: DataView, at: number, letters: number): string {
  let found = "";
  for (let i = 0; i < letters; i++) {
    const code = view.getUint32(at + 4 * i, true);
    if (code !== 0) found += String.fromCodePoint(Math.min(code, 0x10ffff));
  }
  return found;
}

/** The bytes of an array in pieces of `rows` rows (of its first axis), the last one shorter. */
export async function* rowsOf(
  { shape, dtype, data }: NpyStream,
  rows: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = rows * shape.slice(1).reduce((a, b) => a * b, dtype.width);
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of data) {
    held.push(piece);
    length += piece.length;
    if (length < bytes) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; length - at >= bytes; at += bytes) yield all.subarray(at, at + bytes);
    held = [all.subarray(at)];
    length -= at;
  }
  if (length > 0) yield Buffer.concat(held);
}

/** All elements of an array, in C order. */
export async function valuesOf(array: NpyStream): Promise<(number | string)[]> {
  const values: (number | string)[] = [];
  const { width, read } = array.dtype;
  if (array.shape.includes(0)) return values;
  for await (const row of rowsOf(array, 1)) {
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
    for (let at = 0; at < row.byteLength; at += width) values.push(read(view, at));
  }
  return values;
}
