import type { DataId, DataType, DataTypeMap, TensorInfo, TypedArray } from "../../tf.ts";
import { tf } from "../../tf.ts";
import type { SharedMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";
import { TensorData } from "./tensor_data.ts";

type Values = TypedArray | readonly Uint8Array[] | undefined;

/**
 * tfjs's backend over the shared memory. Besides tfjs's interface it has what tfjs's own cpu kernels ask of
 * theirs (`data`, `makeTensorInfo`, `bufferSync` …), so that those run on it too, without a copy of their inputs.
 */
export class WasmBackend extends tf.KernelBackend {
  readonly data = new tf.DataStorage<TensorData>(this, tf.engine());

  /** What tfjs's cpu matMul asks for. */
  readonly blockSize = 48;

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

  makeTensorInfo(shape: number[], dtype: DataType, values?: Values | readonly string[]): TensorInfo {
    const strings = dtype === "string" && values && typeof values[0] === "string";
    const held = strings ? (values as string[]).map((s) => tf.util.encodeString(s)) : (values as Values);
    return { dataId: this.write(held as TypedArray, shape, dtype), shape, dtype };
  }

  override write(values: Values, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: Values, shape: number[], dtype: DataType, refCount: number): void {
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

  makeOutput(values: Values, shape: number[], dtype: DataType) {
    return tf.engine().makeTensorFromTensorInfo(this.makeTensorInfo(shape, dtype, values), this);
  }

  override refCount(dataId: DataId): number {
    return this.data.has(dataId) ? this.data.get(dataId).refCount : 0;
  }

  override incRef(dataId: DataId): void {
    this.data.get(dataId).refCount++;
  }

  decRef(dataId: DataId): void {
    if (this.data.has(dataId)) this.data.get(dataId).refCount--;
  }

  override numDataIds(): number {
    return this.data.numDataIds();
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const data = this.data.get(dataId);
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    for (const part of Object.values(data.complexTensorInfos ?? {})) this.disposeData(part.dataId, true);
    data.release();
    this.data.delete(dataId);
    return true;
  }

  disposeIntermediateTensorInfo(x: TensorInfo): void {
    this.disposeData(x.dataId);
  }

  override memory() {
    return { unreliable: false };
  }

  override async time(f: () => void) {
    const start = performance.now();
    f();
    return { kernelMs: performance.now() - start };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override dispose(): void {
    void this.pool.close();
  }
}
