import type { DataId, DataType, DataTypeMap, TensorInfo } from "../../tf.ts";
import { tf } from "../../tf.ts";
import { CountedBackend, type GivenValues } from "../counted_backend.ts";
import type { SharedMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";
import { TensorData } from "./tensor_data.ts";

/** tfjs's backend over the shared memory. */
export class WasmBackend extends CountedBackend<TensorData> {
  constructor(
    readonly wasmMemory: SharedMemory,
    readonly pool: Pool,
  ) {
    super();
  }

  /** A new tensor whose values a kernel will write, all of them. */
  output<D extends DataType = "float32">(
    shape: number[],
    dtype: D = "float32" as D,
  ): TensorInfo & { dtype: D } {
    const dataId = {};
    this.data.set(dataId, new TensorData(this.wasmMemory, dtype, tf.util.sizeFromShape(shape), 1));
    return { dataId, shape, dtype };
  }

  /** The same data as another shape. */
  share(x: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(x.dataId);
    return { dataId: x.dataId, shape, dtype: x.dtype };
  }

  /** The address of a tensor's values. */
  at(x: TensorInfo): number {
    return this.data.get(x.dataId).at;
  }

  /** Memory for the time of `f`. */
  withTemporary<T>(bytes: number, f: (at: number) => T): T {
    const at = this.wasmMemory.allocate(bytes);
    try {
      return f(at);
    } finally {
      this.wasmMemory.release(at);
    }
  }

  override move(
    dataId: DataId,
    values: GivenValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const data = new TensorData(this.wasmMemory, dtype, tf.util.sizeFromShape(shape), refCount);
    data.fill(values);
    this.data.set(dataId, data);
  }

  override readSync<D extends DataType = "float32">(dataId: DataId): DataTypeMap[D] {
    const data = this.data.get(dataId);
    if (data.dtype === "complex64") {
      const { real: re, imag: im } = data.complexTensorInfos!;
      const [real, imag] = [this.readSync(re.dataId), this.readSync(im.dataId)];
      return tf.backend_util.mergeRealAndImagArrays(real, imag) as DataTypeMap[D];
    }
    return data.values.slice() as unknown as DataTypeMap[D]; // a copy, as the memory is used again
  }

  override async read<D extends DataType = "float32">(dataId: DataId): Promise<DataTypeMap[D]> {
    return this.readSync(dataId);
  }

  bufferSync(x: TensorInfo) {
    const data = this.data.get(x.dataId);
    const held =
      x.dtype === "string"
        ? (data.values as unknown as Uint8Array[]).map((b) => tf.util.decodeString(b))
        : x.dtype === "complex64"
          ? this.readSync(x.dataId)
          : data.values;
    return tf.buffer(x.shape as [number], x.dtype as "float32", held as Float32Array);
  }

  protected override free(data: TensorData): void {
    data.release();
  }

  override dispose(): void {
    void this.pool.close();
  }
}
