import type { Pointer } from "../../ffi.ts";
import type { DeviceBuffer } from "./buffer.ts";
import { Slots } from "./slots.ts";

/** PJRT_ExecuteOptions: all zero but its size and the arguments that are not to be given away. */
const OPTIONS = { slots: 24, kept: 7, keptCount: 8 } as const;

/** Native memory of one call of an executable, used again by the next. */
export class Launch {
  private readonly arguments: readonly Slots[];
  private readonly outputs: readonly Slots[];
  private readonly lists: readonly Slots[];
  private readonly options: Slots;
  private readonly kept: Slots;
  readonly fields: {
    options: Pointer;
    arguments: Pointer;
    devices: number;
    count: number;
    outputs: Pointer;
    events: Pointer;
    device: Pointer;
  };

  constructor(
    readonly devices: number,
    readonly argumentCount: number,
    private readonly outputCount: number,
  ) {
    const rows = (count: number) => Array.from({ length: devices }, () => new Slots(count));
    const list = (of: readonly Slots[]) => Slots.of(of.map(({ at }) => at));
    this.arguments = rows(argumentCount);
    this.outputs = rows(outputCount);
    this.lists = [list(this.arguments), list(this.outputs)];
    this.options = new Slots(OPTIONS.slots);
    this.options.set(0, 8 * OPTIONS.slots);
    this.kept = new Slots(argumentCount);
    this.fields = {
      options: this.options.at,
      arguments: this.lists[0]!.at,
      devices,
      count: argumentCount,
      outputs: this.lists[1]!.at,
      events: 0,
      device: 0,
    };
  }

  set(args: readonly (readonly DeviceBuffer[])[], keep: readonly number[]): void {
    for (let d = 0; d < this.devices; d++) {
      const row = args[d]!;
      const slots = this.arguments[d]!;
      for (let i = 0; i < this.argumentCount; i++) slots.set(i, row[i]!.at);
    }
    for (let i = 0; i < keep.length; i++) this.kept.set(i, keep[i]!);
    this.options.set(OPTIONS.kept, keep.length === 0 ? 0 : this.kept.at);
    this.options.set(OPTIONS.keptCount, keep.length);
  }

  /** Addresses of the results of a device. */
  results(device: number): number[] {
    const slots = this.outputs[device]!;
    return Array.from({ length: this.outputCount }, (_, i) => slots.get(i));
  }

  free(): void {
    for (const slots of [...this.arguments, ...this.outputs, ...this.lists, this.options, this.kept])
      slots.free();
  }
}
