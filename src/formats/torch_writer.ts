import { buffer } from "node:stream/consumers";
import yazl from "yazl";

export interface TensorToPickle {
  readonly shape: readonly number[];
  /** C order. */
  readonly data: Float32Array | BigInt64Array;
}

/** Name of the folder inside the archive; torch.save takes the file's. */
const FOLDER = "archive";
/** Of the archive's format, not of PyTorch. */
const VERSION = "3\n";

/**
 * Tensors by name as the bytes of a file that `torch.load(FILE, weights_only=True)` reads: an OrderedDict of CPU tensors,
 * float32 or int64, each with a storage of its own, in PyTorch's zip format (a pickle of protocol 2 and the storages, all
 * uncompressed).
 *
 * @throws RangeError where data don't fit their shape
 */
export async function encodeTorchFile(
  tensors: Iterable<readonly [string, TensorToPickle]>,
): Promise<Uint8Array> {
  const items = [...tensors];
  const zip = new yazl.ZipFile();
  const add = (name: string, content: Uint8Array) =>
    zip.addBuffer(Buffer.from(content.buffer, content.byteOffset, content.byteLength), `${FOLDER}/${name}`, {
      compress: false,
      mtime: new Date(2000, 0, 1), // the same weights give the same bytes
    });
  add("data.pkl", pickle(items));
  add("byteorder", Buffer.from("little"));
  items.forEach(([, { data }], key) => {
    add(`data/${key}`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
  add("version", Buffer.from(VERSION));
  zip.end();
  return buffer(zip.outputStream);
}

/** The instructions that torch.save writes, without its memo. */
const OP = {
  proto2: [0x80, 2],
  mark: [0x28],
  tuple: [0x74],
  emptyTuple: [0x29],
  setItems: [0x75],
  reduce: [0x52],
  persistentId: [0x51],
  false: [0x89],
  stop: [0x2e],
} as const;

function pickle(items: readonly (readonly [string, TensorToPickle])[]): Uint8Array {
  return Buffer.concat([
    bytes(OP.proto2),
    orderedDict(),
    bytes(OP.mark),
    ...items.flatMap(([name, tensor], key) => [text(name), tensorOf(name, tensor, key)]),
    bytes(OP.setItems),
    bytes(OP.stop),
  ]);
}

/** torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, requires_grad=False, backward_hooks={}). */
function tensorOf(name: string, { shape, data }: TensorToPickle, key: number): Buffer {
  const count = shape.reduce((a, b) => a * b, 1);
  if (count !== data.length)
    throw new RangeError(`tensor "${name}": shape [${shape}] needs ${count} numbers, got ${data.length}`);
  const kind = data instanceof Float32Array ? "FloatStorage" : "LongStorage";
  const storage = tuple(
    text("storage"),
    global("torch", kind),
    text(String(key)),
    text("cpu"),
    int(data.length),
  );
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  return Buffer.concat([
    global("torch._utils", "_rebuild_tensor_v2"),
    tuple(
      Buffer.concat([storage, bytes(OP.persistentId)]),
      int(0),
      tuple(...shape.map(int)),
      tuple(...strides.map(int)),
      bytes(OP.false),
      orderedDict(),
    ),
    bytes(OP.reduce),
  ]);
}

const bytes = (codes: readonly number[]): Buffer => Buffer.from(codes);
const tuple = (...of: Buffer[]): Buffer => Buffer.concat([bytes(OP.mark), ...of, bytes(OP.tuple)]);
const global = (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`);
const orderedDict = (): Buffer =>
  Buffer.concat([global("collections", "OrderedDict"), bytes(OP.emptyTuple), bytes(OP.reduce)]);

/** BINUNICODE. */
function text(value: string): Buffer {
  const utf8 = Buffer.from(value);
  return Buffer.concat([bytes([0x58]), u32(utf8.length), utf8]);
}

/** BININT, of 32 bits with sign; beyond that LONG1, of 8 bytes. */
function int(value: number): Buffer {
  if (value < 2 ** 31) return Buffer.concat([bytes([0x4a]), u32(value)]);
  const long = Buffer.alloc(8);
  long.writeBigInt64LE(BigInt(value));
  return Buffer.concat([bytes([0x8a, 8]), long]);
}

function u32(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value);
  return four;
}
