import type { Pointer } from "../ffi.ts";
import { DType } from "./c_api.ts";
import type { Native } from "./native.ts";

/** Values of a tensor as tfjs holds them; of strings, the bytes of each. */
export type Values = Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[];

const WIDTH: Record<number, number> = {
  [DType.FLOAT]: 4,
  [DType.COMPLEX64]: 8,
  [DType.INT32]: 4,
  [DType.INT64]: 8,
  [DType.UINT8]: 1,
  [DType.BOOL]: 1,
};
const ACCEPTED: Record<number, new (n: number) => ArrayBufferView> = {
  [DType.FLOAT]: Float32Array,
  [DType.INT32]: Int32Array,
  [DType.INT64]: Int32Array, // tfjs has no int64: it hands pairs of words
  [DType.BOOL]: Uint8Array,
};
const RETURNED: Record<number, new (n: number) => Float32Array | Int32Array | Uint8Array | BigInt64Array> = {
  [DType.FLOAT]: Float32Array,
  [DType.COMPLEX64]: Float32Array,
  [DType.INT32]: Int32Array,
  [DType.INT64]: BigInt64Array,
  [DType.UINT8]: Uint8Array,
  [DType.BOOL]: Uint8Array,
};
const STRING_BYTES = 24; // sizeof(TF_TString)

/** A new TF_Tensor of `values`, which the caller deletes. */
export function newTensor(n: Native, shape: readonly number[], dtype: number, values: Values): Pointer {
  n.putInts(shape);
  const elements = shape.reduce((a, b) => a * b, 1);
  if (Array.isArray(values)) {
    if (values.length !== elements) throw mismatch(elements, values.length);
    const tensor = n.api.allocateTensor(DType.STRING, n.scratch, shape.length, values.length * STRING_BYTES);
    const data = n.api.tensorData(tensor);
    values.forEach((bytes, i) => {
      n.api.stringInit(data + STRING_BYTES * i);
      n.api.stringCopy(data + STRING_BYTES * i, bytes.length > 0 ? bytes : new Uint8Array(1), bytes.length);
    });
    return tensor;
  }
  if (values.byteLength !== elements * (WIDTH[dtype] ?? 0)) {
    throw mismatch(elements, values.length);
  }
  const accepted = ACCEPTED[dtype];
  if (accepted !== undefined && !(values instanceof accepted)) {
    throw new Error(`Tensor type does not match ${(values as object).constructor.name}`);
  }
  const tensor = n.api.allocateTensor(dtype, n.scratch, shape.length, values.byteLength);
  if (values.byteLength > 0) n.memory.write(n.api.tensorData(tensor), values, values.byteLength);
  return tensor;
}

/** In the words of tfjs-node's addon. */
const mismatch = (elements: number, length: number) =>
  new Error(
    `Shape does not match typed-array in bindData() (num_elements=${elements}, array_length=${length})`,
  );

/** Frees the strings of a TF_Tensor that `newTensor` filled. */
export function freeStrings(n: Native, tensor: Pointer, count: number): void {
  const data = n.api.tensorData(tensor);
  for (let i = 0; i < count; i++) n.api.stringDealloc(data + STRING_BYTES * i);
}

/** A copy of a TF_Tensor's values. */
export function readTensor(n: Native, tensor: Pointer, dtype: number): Values {
  const bytes = Number(n.api.tensorBytes(tensor));
  const data = n.api.tensorData(tensor);
  if (dtype === DType.STRING) {
    return Array.from({ length: n.api.elementCount(tensor) }, (_, i) => {
      const at = data + STRING_BYTES * i;
      const out = new Uint8Array(Number(n.api.stringSize(at)));
      if (out.length > 0) n.memory.read(out, n.api.stringData(at), out.length);
      return out;
    });
  }
  if (dtype === DType.RESOURCE) {
    const out = new Uint8Array(bytes);
    n.memory.read(out, data, bytes);
    return [out];
  }
  const Returned = RETURNED[dtype];
  if (Returned === undefined) throw new Error(`Unhandled TF_DataType: ${dtype}`);
  const out = new Returned(bytes / (WIDTH[dtype]! / (dtype === DType.COMPLEX64 ? 2 : 1)));
  if (bytes > 0) n.memory.read(out, data, bytes);
  return out;
}
