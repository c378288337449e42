import type { Pointer } from "../../ffi.ts";
import { PjrtApi } from "./api.ts";
import { DeviceBuffer } from "./buffer.ts";
import { type CompileOptions, encodeCompileOptions } from "./compile_options.ts";
import { PjrtDevice } from "./device.ts";
import {
  bytesPerElement,
  ELEMENT_TYPES,
  type ElementType,
  elementCount,
  type Values,
} from "./element_types.ts";
import { Executable } from "./executable.ts";
import { LiveObjects } from "./live_objects.ts";
import { type NamedValue, type NamedValues, readNamedValues, withNamedValues } from "./named_values.ts";
import { withProgram, withProgramSync } from "./program.ts";
import { copyIn, memory, readSlots, Slots } from "./slots.ts";
import { Staging } from "./staging.ts";

/** Bytes up to which values are copied while the call lasts: less work than to look after them. */
const SMALL = 32 * 1024;
/** PJRT_HostBufferSemantics. */
const [DURING_CALL, UNTIL_TRANSFERRED] = [0, 1];

/**
 * A plugin that was loaded, and the devices that it found.
 *
 * @param options of the plugin's own client, by name; several refuse names that they don't know
 * @throws EngineError where `file` is no plugin or finds no device
 */
export function openClient(file: string, options: NamedValues = {}): PjrtClient {
  return new PjrtClient(new PjrtApi(file), options);
}

export class PjrtClient {
  /** "cuda", "rocm", "tpu", "cpu". */
  readonly platform: string;
  /** What the plugin says of itself: "cuda 13000", "cpu", a line or several. */
  readonly version: string;
  readonly devices: readonly PjrtDevice[];
  private readonly at: Pointer;
  private readonly staging: Staging;
  private readonly live: LiveObjects;

  constructor(
    readonly api: PjrtApi,
    options: NamedValues,
  ) {
    const none = { get: 0, get_arg: 0, put: 0, put_arg: 0, try: 0, try_arg: 0 }; // of several processes
    this.at = withNamedValues(
      options,
      (at, count) => api.call("Client_Create", { options: at, count, ...none }).client,
    );
    const client = this.at;
    this.platform = api.text("Client_PlatformName", { client });
    this.version = api.text("Client_PlatformVersion", { client });
    const { devices, count } = api.call("Client_AddressableDevices", { client });
    this.devices = readSlots(devices, count).map((at) => new PjrtDevice(api, at));
    this.staging = new Staging(api);
    this.live = new LiveObjects(api);
  }

  /** Version of the C API that the plugin speaks: "0.115". */
  get apiVersion(): string {
    return this.api.version.join(".");
  }

  /** What the plugin states: among others the StableHLO version that it reads. */
  get attributes(): Record<string, NamedValue> {
    const { attributes, count } = this.api.call("Plugin_Attributes", {});
    return readNamedValues(attributes, count);
  }

  /** Device buffers that were not destroyed. */
  get buffers(): number {
    return this.live.buffers;
  }

  /** Executables that were not destroyed. */
  get executables(): number {
    return this.live.executables;
  }

  /** Uploads that were not seen to be over. */
  get uploads(): number {
    this.staging.collect();
    return this.staging.count;
  }

  /** @param program StableHLO, as text or bytecode. @throws PjrtError */
  async compile(program: string | Uint8Array, options: CompileOptions = {}): Promise<Executable> {
    const { executable } = await withProgram(program, encodeCompileOptions(options), (given) =>
      this.api.callAsync("Client_Compile", { client: this.at, ...given }),
    );
    return new Executable(this.live, executable);
  }

  /** `compile` that blocks. */
  compileSync(program: string | Uint8Array, options: CompileOptions = {}): Executable {
    const { executable } = withProgramSync(program, encodeCompileOptions(options), (given) =>
      this.api.call("Client_Compile", { client: this.at, ...given }),
    );
    return new Executable(this.live, executable);
  }

  /** What `Executable.serialize` gave. @throws PjrtError where another plugin made it */
  load(serialized: Uint8Array): Executable {
    const bytes = copyIn(serialized);
    try {
      const { executable } = this.api.call("Executable_DeserializeAndLoad", {
        client: this.at,
        bytes,
        size: serialized.length,
        options: 0,
        options_size: 0,
      });
      return new Executable(this.live, executable);
    } finally {
      memory().free(bytes);
    }
  }

  /**
   * A buffer with `values`, in the order of their indices, the last one fastest. They are copied before it returns; the
   * device takes the copy when it comes to it.
   *
   * @param values bit patterns for f16 and bf16, 0 and 1 for pred
   */
  upload(
    values: Values,
    shape: readonly number[],
    type: ElementType,
    device: PjrtDevice | undefined = this.devices[0],
  ): DeviceBuffer {
    const { array, code } = ELEMENT_TYPES[type];
    if (values.length !== elementCount(shape) || values.BYTES_PER_ELEMENT !== bytesPerElement(type)) {
      throw new Error(
        `upload of ${type}[${shape}]: expected ${elementCount(shape)} values in a ${array.name}, got ${values.length} in a ${values.constructor.name}`,
      );
    }
    if (device === undefined) throw new Error("the client has no device");
    const dims = Slots.of(shape);
    const send = (data: Pointer, semantics: number) =>
      this.api.call("Client_BufferFromHostBuffer", {
        client: this.at,
        data,
        type: code,
        dims: dims.at,
        rank: shape.length,
        strides: 0,
        stride_count: 0,
        semantics,
        device: device.at,
        memory: 0,
        layout: 0,
      });
    try {
      if (values.byteLength > SMALL) {
        let made: Pointer = 0;
        this.staging.stage(values, (block) => {
          const { buffer, done } = send(block, UNTIL_TRANSFERRED);
          made = buffer;
          return done;
        });
        return new DeviceBuffer(this.live, made, shape, type);
      }
      const data = copyIn(values);
      try {
        const { buffer, done } = send(data, DURING_CALL);
        this.api.call("Event_Destroy", { event: done });
        return new DeviceBuffer(this.live, buffer, shape, type);
      } finally {
        memory().free(data);
      }
    } finally {
      dims.free();
    }
  }

  /** Ends the client; its buffers and executables have been destroyed before. */
  destroy(): void {
    this.staging.end();
    this.live.free();
    this.api.call("Client_Destroy", { client: this.at });
  }
}
