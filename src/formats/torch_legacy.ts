import { DataError } from "../errors.ts";
import { ByteCursor } from "./byte_cursor.ts";
import { WIDTH } from "./torch_globals.ts";
import { TensorRef } from "./torch_objects.ts";
import { readPickle } from "./torch_pickle.ts";

/** 0x1950a86a20f9469cfc6c, the first pickle of such a file. */
const MAGIC = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

export function isLegacy(head: Uint8Array): boolean {
  return MAGIC.equals(head.subarray(0, MAGIC.length));
}

/**
 * What `torch.save` wrote before PyTorch 1.6: pickles one after another (magic number, protocol, the machine, the
 * value, the storages' keys), then each storage as the count of its elements (8 bytes) and the elements.
 * @throws DataError
 */
export function readLegacy(
  bytes: Uint8Array,
  file: string,
): { value: unknown; storages: Map<string, Uint8Array> } {
  const input = new ByteCursor(bytes, file);
  readPickle(input, file);
  const protocol = readPickle(input, file);
  const machine = readPickle(input, file);
  if (protocol !== 1001 || !(machine instanceof Map) || machine.get("little_endian") !== true)
    throw new DataError(
      `${file}: expected protocol 1001 and little-endian numbers, got another PyTorch file`,
    );
  const value = readPickle(input, file);
  const keys = readPickle(input, file);
  const widths = widthsIn(value);
  const storages = new Map<string, Uint8Array>();
  for (const key of Array.isArray(keys) ? keys : []) {
    const elements = input.u64();
    const width = widths.get(key);
    if (width === undefined)
      throw new DataError(`${file}: no tensor is of its storage ${key}; the file is damaged`);
    storages.set(key, new Uint8Array(input.bytes(elements * width))); // apart, so that it is aligned
  }
  return { value, storages };
}

/** Bytes an element of each storage of the tensors in `value`, by key. */
function widthsIn(value: unknown): Map<string, number> {
  const widths = new Map<string, number>();
  const seen = new Set<unknown>();
  const left = [value];
  while (left.length > 0) {
    const item = left.pop();
    if (item instanceof TensorRef) widths.set(item.storage.key, WIDTH[item.storage.dtype]);
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    seen.add(item);
    if (item instanceof Map) left.push(...item.values());
    else if (Array.isArray(item)) left.push(...item);
  }
  return widths;
}
