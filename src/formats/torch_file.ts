import { open } from "node:fs/promises";
import { DataError } from "../errors.ts";
import { decodeBfloat16, decodeHalf } from "./half.ts";
import { findStateDict, type StateDict } from "./state_dict.ts";
import { StoredZip } from "./stored_zip.ts";
import { gatherStrided } from "./strided.ts";
import { type TorchDtype, WIDTH } from "./torch_globals.ts";
import { isLegacy, readLegacy } from "./torch_legacy.ts";
import type { StorageRef, TensorRef } from "./torch_objects.ts";
import { readTorchPickle } from "./torch_pickle.ts";

export type TorchData =
  | Float32Array
  | Float64Array
  | Int32Array
  | BigInt64Array
  | Int16Array
  | Int8Array
  | Uint8Array;

export interface TorchTensor {
  /** Type in the file; float16 and bfloat16 are Float32Array in memory, bool is Uint8Array. */
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  /** C order, whatever the strides in the file. Tensors that share a storage may share memory here. */
  readonly data: TorchData;
}

const MAX_PICKLE = 64 * 2 ** 20; // bytes; a state_dict of 10,000 tensors has about 1.5 MB

export interface TorchFile extends Pick<StateDict, "at" | "others"> {
  readonly tensors: Map<string, TorchTensor>;
}

/**
 * The tensors of a PyTorch file (.pth, .pt, Lightning's .ckpt), of the zip format or of the one before PyTorch 1.6:
 * those of its dict, or of a dict in it (`state_dict`, `model` and the like), in the file's order and under the file's
 * names. Nothing in the file is executed, and memory is bounded by a few times the file's size.
 * @throws DataError for a damaged file, a format older still, or content other than tensors
 */
export async function readTorchFile(file: string): Promise<TorchFile> {
  const handle = await open(file, "r").catch((cause) => unreadable(file, cause));
  try {
    const head = Buffer.alloc(512);
    const { bytesRead } = await handle
      .read(head, 0, head.length, 0)
      .catch((cause) => unreadable(file, cause)); // a folder opens, but can't be read
    if (isLegacy(head)) return readLegacyTensors(await handle.readFile(), file);
    refuseOtherFormats(head.subarray(0, bytesRead), file);
    const zip = await StoredZip.open(handle, file);
    return await readArchive(zip, file, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, cause: NodeJS.ErrnoException): never {
  throw new DataError(`${file}: can't be read (${cause.code})`, { cause });
}

function refuseOtherFormats(head: Buffer, file: string): void {
  if (head.subarray(0, 4).equals(Buffer.from("PK\x03\x04", "latin1"))) return;
  const isPickle = head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
  if (isPickle || head.toString("latin1", 257, 262) === "ustar") {
    throw new DataError(
      `${file}: expected PyTorch's zip format, got an older one. Convert it once in Python: ` +
        `torch.save(torch.load("OLD.pth", map_location="cpu"), "NEW.pth")`,
    );
  }
  throw new DataError(
    `${file}: expected a file written by torch.save, got ${head.length === 0 ? "an empty file" : "another kind of file"}`,
  );
}

async function readArchive(zip: StoredZip, file: string, size: number): Promise<TorchFile> {
  const pickles = zip.names.filter((n) => /^[^/]*\/data\.pkl$|^data\.pkl$/.test(n));
  if (pickles.length !== 1) throw new DataError(`${file}: a zip, but none of torch.save (no data.pkl in it)`);
  const prefix = pickles[0]!.slice(0, -"data.pkl".length);
  if (zip.names.includes(`${prefix}byteorder`)) {
    const order = Buffer.from(await zip.read(`${prefix}byteorder`, 16)).toString();
    if (order !== "little") throw new DataError(`${file}: expected little-endian numbers, got "${order}"`);
  }
  const value = readTorchPickle(await zip.read(pickles[0]!, MAX_PICKLE), file);
  const { tensors, at, others } = findStateDict(value, file);
  const storages = new Map<string, Uint8Array>();
  for (const [, { storage }] of tensors) {
    const { key } = storage;
    if (!storages.has(key)) storages.set(key, await zip.read(`${prefix}data/${key}`, size));
  }
  return { tensors: tensorsOf(tensors, storages, file, size), at, others };
}

function readLegacyTensors(bytes: Uint8Array, file: string): TorchFile {
  const { value, storages } = readLegacy(bytes, file);
  const { tensors, at, others } = findStateDict(value, file);
  return { tensors: tensorsOf(tensors, storages, file, bytes.length), at, others };
}

/** `size` of the file bounds what is made of it. */
function tensorsOf(
  refs: readonly [string, TensorRef][],
  storages: ReadonlyMap<string, Uint8Array>,
  file: string,
  size: number,
): Map<string, TorchTensor> {
  const budget = { bytes: 4 * size + 2 ** 20 };
  const tensors = new Map<string, TorchTensor>();
  for (const [name, ref] of refs) {
    const { key, dtype, elements } = ref.storage;
    const bytes = storages.get(key);
    const expected = elements * WIDTH[dtype];
    if (bytes === undefined || bytes.length < expected)
      throw new DataError(
        `${file}: storage ${key} has ${bytes?.length ?? "no"} bytes, expected ${expected}; the file is damaged`,
      );
    tensors.set(name, { dtype, shape: ref.shape, data: materialize(ref, bytes, budget, `${file}: ${name}`) });
  }
  return tensors;
}

/** The elements of a view in C order. Copies and conversions are paid from `budget`: a few bytes can't ask for many. */
function materialize(ref: TensorRef, bytes: Uint8Array, budget: { bytes: number }, what: string): TorchData {
  const { storage, offset, shape, strides } = ref;
  const count = shape.reduce((a, b) => a * b, 1);
  const pay = (amount: number) => {
    budget.bytes -= amount;
    if (!(budget.bytes >= 0)) throw new DataError(`${what}: shape [${shape}] is larger than the file allows`);
  };
  if (isContiguous(shape, strides)) return elements(storage, bytes, offset, count, pay);
  pay(8 * count);
  const all = elements(storage, bytes, 0, storage.elements, pay);
  const out = new (all.constructor as new (n: number) => TorchData)(count);
  gatherStrided<number | bigint>(out, all, { shape, strides, offset });
  return out;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 0) return true;
    if (shape[d] !== 1 && strides[d] !== expected) return false;
    expected *= shape[d]!;
  }
  return true;
}

function elements(
  { dtype }: StorageRef,
  bytes: Uint8Array,
  start: number,
  count: number,
  pay: (amount: number) => void,
): TorchData {
  const width = WIDTH[dtype];
  let [buffer, offset] = [bytes.buffer, bytes.byteOffset + start * width];
  if (count === 0) offset = 0;
  if (offset % width !== 0) {
    pay(count * width);
    [buffer, offset] = [bytes.slice(start * width, (start + count) * width).buffer, 0];
  }
  switch (dtype) {
    case "float64":
      return new Float64Array(buffer, offset, count);
    case "float32":
      return new Float32Array(buffer, offset, count);
    case "float16":
      pay(4 * count);
      return decodeHalf(new Uint16Array(buffer, offset, count));
    case "bfloat16":
      pay(4 * count);
      return decodeBfloat16(new Uint16Array(buffer, offset, count));
    case "int64":
      return new BigInt64Array(buffer, offset, count);
    case "int32":
      return new Int32Array(buffer, offset, count);
    case "int16":
      return new Int16Array(buffer, offset, count);
    case "int8":
      return new Int8Array(buffer, offset, count);
    default:
      return new Uint8Array(buffer, offset, count);
  }
}
