import type { DataId, DataType, DataTypeMap, KernelConfig, NamedAttrMap, TensorInfo } from "../../tf.ts";
import { tf } from "../../tf.ts";
import { CountedBackend, type GivenValues, namedTensors, tensorsOf } from "../counted_backend.ts";
import { DeviceTables } from "./device_tables.ts";
import type { Lowering } from "./kernels/lowering.ts";
import { hostValues, type Runtime } from "./runtime.ts";
import { type HostType, type HostValues, newArray, sameShape, sizeOf, toArray } from "./stablehlo/types.ts";
import { Value } from "./stablehlo/value.ts";
import { type Held, TensorData } from "./tensor_data.ts";

export const BACKEND = "xla";

/** Kernels on so few values of JavaScript's are tfjs's own, at once: to compile one takes a tenth of a second. */
const SMALL = 1024;

/** Is told what a step that is being traced does. */
export interface Tracer {
  /** A value is read that differs from step to step. */
  read(value: Value): void;
  /** A kernel has no lowering. */
  missing(kernel: string): void;
}

export interface XlaBackendOptions {
  /** Most elements of a kernel's inputs that tfjs's cpu kernels compute in JavaScript; default 1024. */
  readonly small?: number;
  /** Takes a sentence for the user. */
  say?(text: string): void;
}

type CpuKernel = KernelConfig["kernelFunc"];

/**
 * tfjs's backend whose kernels make operations. They run when a value is read: all that tensors hold then is computed by
 * one executable, so that what is compiled depends on the work since the last reading alone and repeats as it does.
 */
export class XlaBackend extends CountedBackend<TensorData> {
  tracer: Tracer | undefined;
  /** Of steps that were compiled. */
  readonly tables: DeviceTables;
  /** How often each kernel was run by tfjs's cpu kernel for want of a lowering. */
  readonly fallbacks = new Map<string, number>();
  /** Values that tensors hold and that nothing has computed, with the number of data ids. */
  private readonly pending = new Map<Value, number>();

  constructor(
    readonly runtime: Runtime,
    private readonly options: XlaBackendOptions = {},
  ) {
    super();
    this.tables = new DeviceTables(runtime);
  }

  /** Runs a kernel: of few values of JavaScript's there, else as operations, else by tfjs's cpu kernel. */
  kernel(
    name: string,
    lowering: Lowering | undefined,
    given: object,
    attrs: NamedAttrMap,
  ): TensorInfo | TensorInfo[] {
    const infos = tensorsOf(given);
    for (const x of infos) if (x instanceof tf.Variable) this.knowVariable(x);
    const cpu = tf.getKernel(name, "cpu")?.kernelFunc as CpuKernel | undefined;
    const args = { inputs: given as never, attrs, backend: this };
    const onCpu = () => {
      const made = cpu!(args);
      return Array.isArray(made) ? made.map((x) => this.ownShape(x)) : this.ownShape(made as TensorInfo);
    };
    if (cpu !== undefined && this.isSmall(infos)) return onCpu();
    if (lowering !== undefined && infos.every((x) => this.data.get(x.dataId).value !== undefined)) {
      const made = lowering(
        namedTensors(given, (x) => this.value(x)),
        attrs as never,
        infos.map((x) => this.value(x)),
      );
      if (made !== undefined)
        return "length" in made ? made.map((v) => this.output(v)) : this.output(made as Value);
    }
    if (cpu === undefined) throw new Error(`the xla backend's ${name} does not take these inputs`);
    this.tookCpu(name);
    return onCpu();
  }

  value(x: { readonly dataId: object }): Value {
    const { value } = this.data.get(x.dataId);
    if (value === undefined)
      throw new Error("a tensor of text or complex numbers has no value on the device");
    return value;
  }

  /** A tensor that holds `value`. */
  output(value: Value, refCount = 1): TensorInfo {
    const dataId = {};
    this.hold(value);
    this.data.set(dataId, new TensorData(value, refCount, () => this.valuesOf(dataId)));
    return { dataId, shape: [...value.shape], dtype: value.type as DataType };
  }

  /** Gives a data id another value of its shape and type. */
  replace(dataId: object, value: Value): void {
    const data = this.data.get(dataId);
    const before = data.value!;
    if (before === value) return;
    this.hold(value);
    data.value = value;
    this.letGo(before);
  }

  /** Computes all that tensors hold. */
  settle(): void {
    this.runtime.compute([...this.pending.keys()]);
    this.pending.clear();
  }

  override readSync<D extends DataType = "float32">(dataId: DataId): DataTypeMap[D] {
    const values = this.data.get(dataId).values;
    const read = this.data.get(dataId).value?.buffer !== undefined; // a copy already
    return (read ? values : values.slice()) as unknown as DataTypeMap[D];
  }

  override async read<D extends DataType = "float32">(dataId: DataId): Promise<DataTypeMap[D]> {
    const { value } = this.data.get(dataId);
    if (value === undefined || hostValues(value) !== undefined) return this.readSync<D>(dataId);
    return (await this.bufferOf(value).read()) as unknown as DataTypeMap[D];
  }

  override move(
    dataId: DataId,
    values: GivenValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    if (dtype === "string" || dtype === "complex64") {
      const held = (values ?? []) as readonly Uint8Array[];
      const read = () => (dtype === "string" ? held : this.complexOf(dataId));
      this.data.set(dataId, new TensorData(undefined, refCount, read));
      return;
    }
    const type = dtype as HostType;
    const host = values === undefined ? newArray(type, sizeOf(shape)) : toArray(type, values as HostValues);
    const value = new Value([...shape], type, { host });
    this.hold(value);
    this.data.set(dataId, new TensorData(value, refCount, () => this.valuesOf(dataId)));
  }

  bufferSync(x: TensorInfo) {
    const held = this.readSync(x.dataId) as unknown;
    const values = x.dtype === "string" ? (held as Uint8Array[]).map((b) => tf.util.decodeString(b)) : held;
    return tf.buffer(x.shape as [number], x.dtype as "float32", values as Float32Array);
  }

  protected override free({ value }: TensorData): void {
    if (value !== undefined) this.letGo(value);
  }

  override dispose(): void {
    this.runtime.executables.destroy();
  }

  private isSmall(infos: readonly TensorInfo[]): boolean {
    let elements = 0;
    for (const { dataId, shape } of infos) {
      const { value } = this.data.get(dataId);
      if (value === undefined || value.input || value.variable) return false;
      if (value.host === undefined && value.operation?.splat === undefined) return false;
      elements += sizeOf(shape);
    }
    return infos.length > 0 && elements <= (this.options.small ?? SMALL);
  }

  private knowVariable({ dataId }: TensorInfo): void {
    const { value } = this.data.get(dataId);
    if (value === undefined || value.variable || value.input) return;
    if (value.operation?.splat === undefined) {
      value.variable = true;
      return;
    }
    const own = new Value(value.shape, value.type, { host: hostValues(value)! });
    own.variable = true;
    this.replace(dataId, own);
  }

  /** As it is, or, where a cpu kernel gave the data of an input another shape, with data of its own. */
  private ownShape(x: TensorInfo): TensorInfo {
    const { value } = this.data.get(x.dataId);
    if (value === undefined || sameShape(value.shape, x.shape)) return x;
    const host = this.valuesOf(x.dataId) as HostValues;
    this.disposeData(x.dataId);
    return this.output(new Value([...x.shape], value.type, { host }));
  }

  private tookCpu(kernel: string): void {
    this.tracer?.missing(kernel);
    const before = this.fallbacks.get(kernel) ?? 0;
    this.fallbacks.set(kernel, before + 1);
    if (before === 0)
      this.options.say?.(`note   xla: ${kernel} runs in JavaScript, for it has no form for XLA here`);
  }

  private valuesOf(dataId: object): Held {
    const value = this.data.get(dataId).value!;
    if (value.input) this.tracer?.read(value);
    return hostValues(value) ?? (this.bufferOf(value).readSync() as HostValues);
  }

  private complexOf(dataId: object): Float32Array {
    const { real, imag } = this.data.get(dataId).complexTensorInfos!;
    return tf.backend_util.mergeRealAndImagArrays(this.readSync(real.dataId), this.readSync(imag.dataId));
  }

  private bufferOf(value: Value) {
    if (value.buffer === undefined) {
      this.tracer?.read(value);
      this.settle();
    }
    return value.buffer!;
  }

  private hold(value: Value): void {
    value.retain();
    if (value.operation !== undefined && value.operation.splat === undefined)
      this.pending.set(value, (this.pending.get(value) ?? 0) + 1);
  }

  private letGo(value: Value): void {
    const count = this.pending.get(value);
    if (count === 1) this.pending.delete(value);
    else if (count !== undefined) this.pending.set(value, count - 1);
    value.release();
  }
}
