import type { Pointer } from "../ffi.ts";
import { AttrType, DType } from "./c_api.ts";
import { Native } from "./native.ts";
import { freeStrings, newTensor, readTensor, type Values } from "./tensors.ts";

/** An attribute of an op, as tfjs-node's kernels state it. */
export interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Is told what happens, in order, while a step is recorded. */
export interface Observer {
  op(
    name: string,
    attrs: readonly OpAttr[],
    inputs: readonly number[],
    outputs: readonly TensorMetadata[],
  ): void;
  constant(id: number, shape: readonly number[], dtype: number, values: Values): void;
  /** The values of a tensor were copied out to JavaScript. */
  read(id: number): void;
}

export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/**
 * tfjs-node's TFJSBinding, which its kernels run on unmodified, over TensorFlow's C API by FFI. Tensors are
 * numbers that stand for TFE_TensorHandles.
 */
export class Binding {
  readonly TensorMetadata = class {};
  readonly TFEOpAttr = class {};
  readonly TF_FLOAT = DType.FLOAT;
  readonly TF_INT32 = DType.INT32;
  readonly TF_INT64 = DType.INT64;
  readonly TF_BOOL = DType.BOOL;
  readonly TF_COMPLEX64 = DType.COMPLEX64;
  readonly TF_STRING = DType.STRING;
  readonly TF_RESOURCE = DType.RESOURCE;
  readonly TF_UINT8 = DType.UINT8;
  readonly TF_ATTR_STRING = AttrType.STRING;
  readonly TF_ATTR_INT = AttrType.INT;
  readonly TF_ATTR_FLOAT = AttrType.FLOAT;
  readonly TF_ATTR_BOOL = AttrType.BOOL;
  readonly TF_ATTR_TYPE = AttrType.TYPE;
  readonly TF_ATTR_SHAPE = AttrType.SHAPE;
  readonly TF_ATTR_RESOURCE = 9;
  readonly TF_Version: string;
  /** Names of TensorFlow's devices; ops run on the first GPU if there is one. */
  readonly devices: readonly string[];
  readonly device: string;

  /** What ends the wait of each function that runs, with an error. */
  readonly waits = new Set<(error: Error) => void>();
  /** Who is told of each op; one at a time. */
  observer: Observer | undefined;
  readonly n: Native;
  readonly context: Pointer;
  private readonly onGpu: boolean;
  private readonly handles = new Map<number, Pointer>();
  private nextId = 0;
  /** The one TFE_Op, reset for each op. */
  private readonly op: Pointer;

  /**
   * @param file the library libtensorflow_cc.so.2, with libtensorflow_framework.so.2 beside it
   * @param server a ServerDef, by which this process is one of several, with a server of TensorFlow's in each
   */
  constructor(file: string, server?: Uint8Array) {
    this.n = new Native(file);
    const { api, status } = this.n;
    this.TF_Version = api.version();
    const options = api.newContextOptions();
    this.context = api.newContext(options, status);
    api.deleteContextOptions(options);
    this.n.check();
    if (server !== undefined) this.joinRanks(server);
    const devices = this.listDevices();
    this.devices = devices.map((d) => d.name);
    const chosen = devices.find((d) => d.type === "GPU") ?? devices.find((d) => d.type === "CPU");
    if (chosen === undefined) throw new Error("TensorFlow reports no device");
    this.device = chosen.name;
    this.onGpu = chosen.type === "GPU";
    this.op = api.newOp(this.context, this.n.string("Identity").at, status);
    this.n.check();
  }

  /** Before all else, as it gives devices other names. */
  private joinRanks(server: Uint8Array): void {
    const { api, status } = this.n;
    const enable = api.declare("void", "TFE_EnableCollectiveOps", "int64", "void *", "size_t", "int64");
    enable(this.context, server, server.length, status);
    this.n.check();
  }

  private listDevices(): { name: string; type: string }[] {
    const { api, status } = this.n;
    const list = api.listDevices(this.context, status);
    this.n.check();
    const devices = Array.from({ length: api.deviceCount(list) }, (_, i) => ({
      name: api.deviceName(list, i, status) as string,
      type: api.deviceType(list, i, status) as string,
    }));
    api.deleteDeviceList(list);
    return devices;
  }

  /** Runs one op eagerly and returns its outputs. @throws Error with TensorFlow's text */
  executeOp(
    name: string,
    attrs: readonly OpAttr[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[] {
    expectType(typeof name === "string", "op name");
    expectType(Array.isArray(attrs), "op attributes");
    expectType(Array.isArray(inputs), "input tensor ids");
    expectType(typeof outputs === "number", "number of outputs");
    this.n.reserve(outputs); // tf.unstack has as many as its axis is long
    const { api, status, scratch } = this.n;
    api.resetOp(this.op, this.n.string(name).at, 0, status);
    this.n.check();
    for (const id of inputs) api.addInput(this.op, this.handle(id, "Input Tensor ID not referenced"), status);
    for (const attr of attrs) this.setAttr(attr);
    this.n.count = outputs;
    api.execute(this.op, scratch, this.n.countAt, status);
    this.n.check();
    const handles = Array.from({ length: this.n.count }, (_, i) => this.n.pointerAt(i));
    const results = handles.map((h) => this.metadata(h));
    this.observer?.op(name, attrs, inputs, results);
    return results;
  }

  private setAttr({ name, type, value }: OpAttr): void {
    const { api, status, scratch } = this.n;
    const at = this.n.string(name).at;
    switch (type) {
      case AttrType.TYPE:
        api.setType(this.op, at, value);
        break;
      case AttrType.INT:
        if (Array.isArray(value)) {
          this.n.putInts(value);
          api.setIntList(this.op, at, scratch, value.length);
        } else api.setInt(this.op, at, value);
        break;
      case AttrType.FLOAT:
        if (Array.isArray(value)) api.setFloatList(this.op, at, Float32Array.from(value), value.length);
        else api.setFloat(this.op, at, value);
        break;
      case AttrType.BOOL: {
        const list = Array.isArray(value) ? value : [value];
        const booleans = list.every((v) => typeof v === "boolean");
        expectType(booleans, name);
        if (Array.isArray(value)) api.setBoolList(this.op, at, Uint8Array.from(list, Number), list.length);
        else api.setBool(this.op, at, value ? 1 : 0);
        break;
      }
      case AttrType.STRING: {
        expectType(typeof value === "string", name);
        const text = this.n.string(value as string);
        api.setString(this.op, at, text.at, text.bytes);
        break;
      }
      case AttrType.SHAPE:
        this.n.putInts(value as number[]);
        api.setShape(this.op, at, scratch, (value as number[]).length, status);
        this.n.check();
        break;
      default:
        throw new Error(`Unhandled TF_AttrType: ${type}`);
    }
  }

  /** The id of a new tensor with a copy of `values`. */
  createTensor(shape: readonly number[], dtype: number, values: Values): number {
    const { api, status } = this.n;
    const tensor = newTensor(this.n, shape, dtype, values);
    let handle = api.newHandle(tensor, status);
    if (Array.isArray(values)) {
      const id = this.adoptStrings(handle);
      freeStrings(this.n, tensor, values.length);
      api.deleteTensor(tensor);
      this.observer?.constant(id, shape, dtype, values);
      return id;
    }
    api.deleteTensor(tensor);
    this.n.check();
    if (this.onGpu && dtype !== DType.INT32) {
      const host = handle;
      handle = api.copyToDevice(host, this.context, this.n.string(this.device).at, status);
      this.n.check();
      api.deleteHandle(host);
    }
    const id = this.insert(handle);
    this.observer?.constant(id, shape, dtype, values);
    return id;
  }

  /** A copy of a string tensor whose memory is TensorFlow's own: a one-input StringJoin. */
  private adoptStrings(handle: Pointer): number {
    const source = this.insert(handle);
    const attrs = [
      { name: "N", type: AttrType.INT, value: 1 },
      { name: "separator", type: AttrType.STRING, value: "" },
    ];
    const [copy] = this.executeOp("StringJoin", attrs, [source], 1);
    this.deleteTensor(source);
    this.n.api.resetOp(this.op, this.n.string("NoOp").at, 0, this.n.status); // drops the op's hold on its input
    return copy!.id;
  }

  /** A copy of a tensor's values; waits for them. */
  tensorDataSync(id: number): Values {
    this.observer?.read(id);
    const { api, status } = this.n;
    const handle = this.handle(id, "Get data called on a Tensor not referenced");
    const tensor = api.resolve(handle, status);
    this.n.check();
    try {
      return readTensor(this.n, tensor, api.handleType(handle));
    } finally {
      api.deleteTensor(tensor);
    }
  }

  /** Shape and type of a tensor. */
  describe(id: number): Omit<TensorMetadata, "id"> {
    return this.shapeAndType(this.handle(id));
  }

  deleteTensor(id: number): void {
    const handle = this.handle(id, "Delete called on a Tensor not referenced");
    this.handles.delete(id);
    this.n.api.deleteHandle(handle);
  }

  getNumOfTensors(): number {
    return this.handles.size;
  }

  isUsingGpuDevice(): boolean {
    return this.onGpu;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  loadSavedModel(): never {
    throw new Error("SavedModels are not part of this binding");
  }

  deleteSavedModel(): never {
    return this.loadSavedModel();
  }

  runSavedModel(): never {
    return this.loadSavedModel();
  }

  /** TensorFlow's handle of a tensor. @throws Error where it was deleted */
  handle(id: number, why = "Tensor not referenced"): Pointer {
    const handle = this.handles.get(id);
    if (handle === undefined) throw new Error(`${why} (tensor_id: ${id})`);
    return handle;
  }

  /** The id of a handle, which is then the binding's to delete. */
  insert(handle: Pointer): number {
    this.handles.set(this.nextId, handle);
    return this.nextId++;
  }

  /** A handle's id, shape and type. */
  metadata(handle: Pointer): TensorMetadata {
    return { id: this.insert(handle), ...this.shapeAndType(handle) };
  }

  private shapeAndType(handle: Pointer): Omit<TensorMetadata, "id"> {
    const { api, status } = this.n;
    const rank = api.handleRank(handle, status);
    if (rank < 0) this.n.check();
    const shape = Array.from({ length: rank }, (_, i) => api.handleDim(handle, i, status) as number);
    return { shape, dtype: api.handleType(handle) };
  }
}

function expectType(ok: boolean, what: string): void {
  if (!ok) throw new Error(`Invalid argument: ${what}`);
}
