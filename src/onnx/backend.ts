import {
  CountedBackend,
  type CountedData,
  type GivenValues,
  namedTensors,
  tensorsOf,
} from "../backends/counted_backend.ts";
import type { DataId, DataType, DataTypeMap, KernelConfig, NamedAttrMap, TensorInfo } from "../tf.ts";
import { tf } from "../tf.ts";
import type { Lowering } from "./kernels/lowering.ts";
import { Unexportable } from "./unexportable.ts";
import { type HostValues, sizeOf, Value, type ValueType } from "./value.ts";

export const BACKEND = "onnx-trace";

/** What lies behind a data id. */
export class TracedData implements CountedData {
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };

  constructor(
    readonly value: Value,
    public refCount: number,
  ) {}

  /** As tfjs's cpu kernels ask for them. */
  get values(): HostValues {
    return this.value.values;
  }
}

/**
 * tfjs's backend that computes nothing of what depends on an input: its kernels make nodes of ONNX. What depends on none is
 * computed by tfjs's cpu kernels, and is a constant of the graph.
 */
export class TracingBackend extends CountedBackend<TracedData> {
  /** How many images the traced batch has: a prime, by which the axes of the batch are known. */
  batch = 1;

  kernel(
    name: string,
    lowering: Lowering | undefined,
    given: object,
    attrs: NamedAttrMap,
  ): TensorInfo | TensorInfo[] {
    const values = tensorsOf(given).map((x) => this.value(x));
    if (values.every((value) => value.isConstant)) {
      const { kernelFunc } = tf.getKernel(name, "cpu") ?? missing(name);
      const args = { inputs: given as never, attrs, backend: this };
      return (kernelFunc as KernelConfig["kernelFunc"])(args) as TensorInfo | TensorInfo[];
    }
    const named = namedTensors(given, (x) => this.value(x));
    const made = lowering?.(named, attrs as never, values, this.batch);
    if (made === undefined) return missing(name);
    return made instanceof Value ? this.output(made) : made.map((value) => this.output(value));
  }

  value(x: { readonly dataId: object }): Value {
    const info = x as Partial<TensorInfo>;
    const { value } = this.data.get(x.dataId);
    // of a reshaped tensor, which shares its data with the one before
    if (info.shape === undefined || String(info.shape) === String(value.shape) || !value.isConstant)
      return value;
    return new Value([...info.shape], value.type, { host: value.given.host }, this.batch);
  }

  /** A tensor that holds `value`. */
  output(value: Value): TensorInfo {
    const dataId = {};
    this.data.set(dataId, new TracedData(value, 1));
    return { dataId, shape: [...value.shape], dtype: value.type as DataType };
  }

  /** Gives the data of a parameter the name that its weights get. */
  name(x: TensorInfo, name: string): void {
    const { value, refCount } = this.data.get(x.dataId);
    const named = new Value(value.shape, value.type, { ...value.given, name }, this.batch);
    this.data.set(x.dataId, new TracedData(named, refCount));
  }

  override readSync<D extends DataType = "float32">(dataId: DataId): DataTypeMap[D] {
    return this.data.get(dataId).values.slice() as unknown as DataTypeMap[D];
  }

  override async read<D extends DataType = "float32">(dataId: DataId): Promise<DataTypeMap[D]> {
    return this.readSync<D>(dataId);
  }

  override move(
    dataId: DataId,
    given: GivenValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool")
      throw new Unexportable(`it has tensors of the type ${dtype}`);
    const Values = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype];
    // the array as it is given, where it is one: tfjs's cpu kernels fill it later
    const host =
      given instanceof Values ? given : Values.from((given ?? { length: sizeOf(shape) }) as Float32Array);
    const value = new Value([...shape], dtype as ValueType, { host }, this.batch);
    this.data.set(dataId, new TracedData(value, refCount));
  }

  bufferSync(x: TensorInfo) {
    return tf.buffer(x.shape as [number], x.dtype as "float32", this.readSync(x.dataId) as Float32Array);
  }

  protected override free(): void {}

  override dispose(): void {}
}

function missing(kernel: string): never {
  throw new Unexportable(`it runs ${kernel}, which has no form in ONNX here`);
}
