/** An array as NumPy keeps it. Of text, one string an element. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array | readonly string[];
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]; // \x93NUMPY, version 1.0

/**
 * An array as the bytes of a .npy file: C order, little-endian float32, int32, uint8 or fixed-width Unicode
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0).
 */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  const count = shape.reduce((a, b) => a * b, 1);
  if (count !== data.length)
    throw new Error(`npy: shape [${shape}] wants ${count} values, got ${data.length}`);
  const { dtype, bytes } = elements(data);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${dtype}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((MAGIC.length + 2 + dict.length + 1) / 64) * 64; // data start at a multiple of 64
  const file = new Uint8Array(length + bytes.length).fill(0x20, 0, length);
  file.set(MAGIC);
  new DataView(file.buffer).setUint16(MAGIC.length, length - MAGIC.length - 2, true);
  file.set(Buffer.from(dict, "latin1"), MAGIC.length + 2);
  file[length - 1] = 0x0a;
  file.set(bytes, length);
  return file;
}

function elements(data: NpyArray["data"]): { dtype: string; bytes: Uint8Array } {
  if (ArrayBuffer.isView(data)) {
    const dtype = data instanceof Float32Array ? "<f4" : data instanceof Int32Array ? "<i4" : "|u1";
    return { dtype, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  }
  const texts = data.map((text) => [...text].map((character) => character.codePointAt(0)!));
  const width = Math.max(1, ...texts.map((text) => text.length));
  const codes = new Uint32Array(texts.length * width); // shorter ones end in zeros
  texts.forEach((text, i) => {
    codes.set(text, i * width);
  });
  return { dtype: `<U${width}`, bytes: new Uint8Array(codes.buffer) };
}
