import type { DataId, DataType, TensorInfo, TypedArray } from "../tf.ts";
import { tf } from "../tf.ts";

/** What lies behind a data id. */
export interface CountedData {
  refCount: number;
  /** The two parts of complex numbers. */
  readonly complexTensorInfos?: { readonly real: TensorInfo; readonly imag: TensorInfo };
}

/** What tfjs and its cpu kernels hand over as a tensor's values; text as bytes. */
export type GivenValues = TypedArray | readonly Uint8Array[] | undefined;

/** The tensors that a kernel is given, those of lists too. */
export const tensorsOf = (given: object): TensorInfo[] =>
  Object.values(given)
    .flat()
    .filter((x) => x != null) as TensorInfo[];

/** Those that have a name, each as `of` makes it. */
export const namedTensors = <T>(given: object, of: (x: TensorInfo) => T): Record<string, T> =>
  Object.fromEntries(
    Object.entries(given)
      .filter(([, x]) => x != null && !Array.isArray(x))
      .map(([name, x]) => [name, of(x as TensorInfo)]),
  );

/**
 * The part of a backend that counts who refers to a data id. Besides tfjs's interface it has what tfjs's own cpu kernels
 * ask of theirs (`data`, `makeTensorInfo`, `blockSize` …), so that those run on it too, without a copy of their inputs.
 */
export abstract class CountedBackend<D extends CountedData> extends tf.KernelBackend {
  readonly data = new tf.DataStorage<D>(this, tf.engine());

  /** What tfjs's cpu matMul asks for. */
  readonly blockSize = 48;

  /** See `padsInConvolutions` in nn_ops.ts. */
  readonly padsInConvolutions = true;

  /** Frees what data held that are gone. */
  protected abstract free(data: D): void;

  makeTensorInfo(shape: number[], dtype: DataType, values?: GivenValues | readonly string[]): TensorInfo {
    const strings = dtype === "string" && typeof values?.[0] === "string";
    const held = strings ? (values as string[]).map((s) => tf.util.encodeString(s)) : (values as GivenValues);
    return { dataId: this.write(held as TypedArray, shape, dtype), shape, dtype };
  }

  override write(values: GivenValues, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values as TypedArray, shape, dtype, 1);
    return dataId;
  }

  makeOutput(values: GivenValues, shape: number[], dtype: DataType) {
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
    this.data.delete(dataId);
    this.free(data);
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
}
