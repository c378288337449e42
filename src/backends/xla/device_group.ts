import type { DeviceBuffer, PjrtDevice } from "./pjrt/index.ts";
import type { Runtime } from "./runtime.ts";
import type { HostType, HostValues, Shape } from "./stablehlo/types.ts";
import type { Value } from "./stablehlo/value.ts";

/** The first devices of a client, which run a program together: what it is given, on each of them. */
export class DeviceGroup {
  readonly devices: readonly PjrtDevice[];

  constructor(
    private readonly runtime: Runtime,
    count: number,
  ) {
    this.devices = runtime.client.devices.slice(0, count);
    if (this.devices.length < count)
      throw new Error(`a step on ${count} devices of ${this.devices.length} that are there`);
  }

  /** A value that needs no computing, whole on each device. */
  place(value: Value): readonly DeviceBuffer[] {
    const first = this.runtime.place(value);
    const missing = this.devices.slice(value.buffers.length);
    if (missing.length > 0) value.settle(...value.buffers, ...missing.map((device) => first.copyTo(device)));
    return value.buffers;
  }

  /** Values from JavaScript, whole on each device. */
  upload(values: HostValues, shape: Shape, type: HostType): DeviceBuffer[] {
    return this.devices.map((device) => this.runtime.upload(values, shape, type, device));
  }

  /** Whether the first axis can be cut in as many parts as there are devices. */
  cuts([rows = 1]: Shape): boolean {
    return this.devices.length > 1 && rows % this.devices.length === 0;
  }

  /** Of values from JavaScript, the first rows on the first device, the next ones on the next. */
  split(values: HostValues, [rows = 1, ...row]: Shape, type: HostType): DeviceBuffer[] {
    const count = this.devices.length;
    const size = values.length / count;
    return this.devices.map((device, d) =>
      this.runtime.upload(values.subarray(d * size, (d + 1) * size), [rows / count, ...row], type, device),
    );
  }
}
