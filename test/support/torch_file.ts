/** Writes the parts of PyTorch's file format that a test needs, rightly or wrongly on purpose. */

const u16 = (n: number) => [n & 255, (n >> 8) & 255];
const u32 = (n: number) => [...u16(n & 0xffff), ...u16(n >>> 16)];
const ascii = (text: string) => [...Buffer.from(text)];

/** A zip archive; `method` 8 claims that the members are deflated. */
export function zip(members: Readonly<Record<string, Uint8Array>>, method = 0): Buffer {
  const body: number[][] = [];
  const directory: number[] = [];
  let at = 0;
  for (const [name, data] of Object.entries(members)) {
    const common = [...u16(20), ...u16(0), ...u16(method), ...u32(0), ...u32(0), ...u32(data.length)];
    const sized = [...common, ...u32(data.length), ...u16(name.length), ...u16(0)];
    const local = [...ascii("PK\x03\x04"), ...sized, ...ascii(name), ...data];
    directory.push(
      ...ascii("PK\x01\x02"),
      ...u16(20),
      ...sized,
      ...Array(10).fill(0),
      ...u32(at),
      ...ascii(name),
    );
    body.push(local);
    at += local.length;
  }
  const count = body.length;
  const end = [...ascii("PK\x05\x06"), ...u32(0), ...u16(count), ...u16(count)];
  return Buffer.from([...body.flat(), ...directory, ...end, ...u32(directory.length), ...u32(at), ...u16(0)]);
}

/** Pickle instructions as bytes. */
export const op = {
  proto: (version: number) => [0x80, version],
  text: (s: string) => [0x58, ...u32(s.length), ...ascii(s)],
  int: (n: number) => [0x4a, ...u32(n)],
  global: (module: string, name: string) => ascii(`c${module}\n${name}\n`),
  tuple: (...items: number[][]) => [0x28, ...items.flat(), 0x74],
  dict: (...items: number[][]) => [0x7d, 0x28, ...items.flat(), 0x75],
  reduce: [0x52],
  build: [0x62],
  emptyTuple: [0x29],
  emptyDict: [0x7d],
  persistentId: [0x51],
  false: [0x89],
  none: [0x4e],
  stop: [0x2e],
};

export interface TensorSpec {
  readonly storage?: string;
  readonly key?: string;
  readonly elements: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The instructions that PyTorch writes for a tensor. */
export function tensorOps(t: TensorSpec): number[] {
  const storage = [
    ...op.tuple(
      op.text("storage"),
      op.global("torch", t.storage ?? "FloatStorage"),
      op.text(t.key ?? "0"),
      op.text("cpu"),
      op.int(t.elements),
    ),
    ...op.persistentId,
  ];
  return [
    ...op.global("torch._utils", "_rebuild_tensor_v2"),
    ...op.tuple(
      storage,
      op.int(t.offset ?? 0),
      op.tuple(...t.shape.map(op.int)),
      op.tuple(...t.strides.map(op.int)),
      op.false,
      [...op.global("collections", "OrderedDict"), ...op.emptyTuple, ...op.reduce],
    ),
    ...op.reduce,
  ];
}

/** A file as torch.save makes it: a pickle and the storages by key. */
export function torchFile(
  pickle: readonly number[],
  storages: Readonly<Record<string, ArrayBufferView>> = {},
  extra: Readonly<Record<string, Uint8Array>> = { byteorder: Buffer.from("little") },
): Buffer {
  const members: Record<string, Uint8Array> = {
    "net/data.pkl": Uint8Array.from([...op.proto(2), ...pickle, ...op.stop]),
  };
  for (const [name, data] of Object.entries(extra)) members[`net/${name}`] = data;
  for (const [key, data] of Object.entries(storages))
    members[`net/data/${key}`] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return zip(members);
}
