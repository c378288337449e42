import { buffer } from "node:stream/consumers";
import yazl from "yazl";
import { encodeNpy, type NpyArray } from "./npy.ts";

/** Arrays by name as the bytes of a .npz file, uncompressed as `numpy.savez` writes it. */
export async function encodeNpz(arrays: Readonly<Record<string, NpyArray>>): Promise<Uint8Array> {
  const zip = new yazl.ZipFile();
  const mtime = new Date(2000, 0, 1); // the same arrays give the same bytes
  for (const [name, array] of Object.entries(arrays)) {
    zip.addBuffer(Buffer.from(encodeNpy(array)), `${name}.npy`, { compress: false, mtime });
  }
  zip.end();
  return buffer(zip.outputStream);
}
