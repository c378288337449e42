import { DataError } from "../errors.ts";
import { readBytes } from "../files/read_bytes.ts";
import { decodeBfloat16, decodeHalf, encodeBfloat16, encodeHalf } from "./half.ts";
import { type JsonObject, parseStrictJson } from "./strict_json.ts";

/**
 * The safetensors format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes
 * without gaps (https://github.com/huggingface/safetensors). Reading is strict: a file that contradicts
 * itself is refused.
 */
export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

const WIDTH = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, U8: 1, BOOL: 1 } as const;
export type StoredDtype = keyof typeof WIDTH;

export interface StoredTensor {
  /** Type in the file. F16 and BF16 are Float32Array in memory, BOOL is Uint8Array. */
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  /** C order. */
  readonly data: TensorData;
}

export interface Safetensors {
  /** In the order of the header. */
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is written: `dtype` is that of `data` where it is not given; F16 and BF16 round a Float32Array. */
export type TensorToStore = Omit<StoredTensor, "dtype"> & { readonly dtype?: StoredDtype };

const MAX_HEADER = 100_000_000;

/**
 * The tensors and metadata of a file (by name) or of bytes. Where alignment allows, `data` are views of the
 * bytes read, not copies. `name` stands in errors for the file that bytes are of.
 * @throws DataError where the file is missing, cut short, inconsistent or of a type not listed above.
 */
export function readSafetensors(
  source: Uint8Array | string,
  name = typeof source === "string" ? source : "safetensors",
): Safetensors {
  const bytes = typeof source === "string" ? readBytes(source) : source;
  const fail = (why: string): never => {
    throw new DataError(`${name}: ${why}; the file is damaged or is no safetensors file`);
  };
  if (bytes.length < 8) fail(`expected at least 8 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || headerLength > bytes.length - 8)
    fail(`its header says to be ${headerLength} bytes long, of ${bytes.length - 8} there are`);
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fail);
  const body = bytes.subarray(8 + headerLength);

  const metadata: Record<string, string> = {};
  const tensors = new Map<string, StoredTensor>();
  const ranges: { tensor: string; begin: number; end: number }[] = [];
  for (const [tensor, value] of header) {
    if (tensor === "__metadata__") {
      if (!(value instanceof Map)) fail("__metadata__ is not an object");
      for (const [key, text] of value as JsonObject) {
        if (typeof text !== "string") fail(`__metadata__ ${quote(key)} is not a string`);
        metadata[key] = text as string;
      }
      continue;
    }
    const entry = checkEntry(tensor, value, body.length, fail);
    ranges.push({ tensor, ...entry });
    tensors.set(tensor, { dtype: entry.dtype, shape: entry.shape, data: decode(body, entry) });
  }
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { tensor, begin, end } of ranges) {
    if (begin !== at) fail(`tensor ${quote(tensor)} starts at byte ${begin}, expected ${at}`);
    at = end;
  }
  if (at !== body.length) fail(`its tensors take ${at} bytes, but ${body.length} are there`);
  return { tensors, metadata };
}

/**
 * The bytes of a safetensors file. The header keeps the order given; the bytes lie by falling width, so that
 * every tensor is aligned. @throws RangeError where data do not fit their shape or type.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, TensorToStore]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const items = [...tensors].map(([name, t]) => toItem(name, t));
  let at = 0;
  for (const item of [...items].sort((a, b) => WIDTH[b.dtype] - WIDTH[a.dtype])) {
    item.begin = at;
    at += item.bytes.length;
  }
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set("__metadata__", metadata);
  for (const { name, dtype, shape, begin, bytes } of items) {
    if (header.has(name) || RESERVED.has(name)) throw new RangeError(`tensor name "${name}" is taken`);
    header.set(name, { dtype, shape, data_offsets: [begin, begin + bytes.length] });
  }
  // Not JSON.stringify of an object: that would move names like "0" to the front.
  const parts = [...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const text = new TextEncoder().encode(`{${parts.join(",")}}`);
  const headerLength = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + headerLength + at);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerLength), true);
  out.set(text, 8);
  out.fill(0x20, 8 + text.length, 8 + headerLength);
  for (const { begin, bytes } of items) out.set(bytes, 8 + headerLength + begin);
  return out;
}

const RESERVED = new Set(["__metadata__", "__proto__"]);

type Fail = (why: string) => never;

function parseHeader(bytes: Uint8Array, fail: Fail): JsonObject {
  try {
    const header = parseStrictJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return header instanceof Map ? header : fail("its header is not a JSON object");
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    return fail(`its header is not JSON (${(cause as Error).message})`);
  }
}

interface Entry {
  readonly dtype: StoredDtype;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

function checkEntry(tensor: string, value: unknown, available: number, fail: Fail): Entry {
  const what = `tensor ${quote(tensor)}`;
  if (!(value instanceof Map)) return fail(`${what} is not an object`);
  const extra = [...value.keys()].find((k) => k !== "dtype" && k !== "shape" && k !== "data_offsets");
  if (extra !== undefined) fail(`${what} has an unknown key ${quote(extra)}`);
  const dtype = value.get("dtype");
  if (typeof dtype !== "string" || !Object.hasOwn(WIDTH, dtype))
    fail(`${what}: expected a dtype of ${Object.keys(WIDTH).join(", ")}, got ${JSON.stringify(dtype)}`);
  const shape = sizes(value.get("shape")) ?? fail(`${what} has no shape of whole numbers`);
  const offsets = sizes(value.get("data_offsets"));
  const [begin, end] = offsets?.length === 2 ? offsets : fail(`${what} has no two data_offsets`);
  if (begin! > end! || end! > available)
    fail(`${what} lies at bytes ${begin} to ${end}, of ${available} there are`);
  const expected = shape.reduce((a, b) => a * b, WIDTH[dtype as StoredDtype]);
  if (end! - begin! !== expected)
    fail(`${what} of shape [${shape}] and dtype ${dtype} needs ${expected} bytes, but has ${end! - begin!}`);
  return { dtype: dtype as StoredDtype, shape, begin: begin!, end: end! };
}

function sizes(value: unknown): number[] | undefined {
  const ok = Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
  return ok ? (value as number[]) : undefined;
}

const quote = (name: string) => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);

function decode(body: Uint8Array, { dtype, begin, end }: Entry): TensorData {
  const width = WIDTH[dtype];
  let [buffer, offset] = [body.buffer, body.byteOffset + begin];
  if (offset % width !== 0) [buffer, offset] = [new Uint8Array(body.subarray(begin, end)).buffer, 0];
  const count = (end - begin) / width;
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer, offset, count);
    case "F32":
      return new Float32Array(buffer, offset, count);
    case "F16":
      return decodeHalf(new Uint16Array(buffer, offset, count));
    case "BF16":
      return decodeBfloat16(new Uint16Array(buffer, offset, count));
    case "I64":
      return new BigInt64Array(buffer, offset, count);
    case "I32":
      return new Int32Array(buffer, offset, count);
    default:
      return new Uint8Array(buffer, offset, count);
  }
}

function toItem(name: string, { shape, data, dtype = dtypeOf(data) }: TensorToStore) {
  const count = shape.reduce((a, b) => a * b, 1);
  if (count !== data.length)
    throw new RangeError(`tensor "${name}": shape [${shape}] needs ${count} numbers, got ${data.length}`);
  let stored: ArrayBufferView = data;
  if (dtype === "F16" || dtype === "BF16") {
    if (!(data instanceof Float32Array))
      throw new RangeError(`tensor "${name}": ${dtype} needs Float32Array`);
    stored = dtype === "F16" ? encodeHalf(data) : encodeBfloat16(data);
  } else if (dtypeOf(data) !== dtype && !(dtype === "BOOL" && data instanceof Uint8Array)) {
    throw new RangeError(`tensor "${name}": ${data.constructor.name} can't be stored as ${dtype}`);
  }
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  return { name, dtype, shape, bytes, begin: 0 };
}

function dtypeOf(data: TensorData): StoredDtype {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Int32Array) return "I32";
  if (data instanceof BigInt64Array) return "I64";
  return "U8";
}
