import { concat } from "../../concat.ts";
import type { Executables } from "./executables.ts";
import type {
  CompileOptions,
  DeviceBuffer,
  ElementType as Pjrt,
  PjrtClient,
  PjrtDevice,
} from "./pjrt/index.ts";
import { emitModule, type FloatPrecision } from "./stablehlo/emit.ts";
import { type HostType, type HostValues, newArray, type Shape, sizeOf } from "./stablehlo/types.ts";
import type { Value } from "./stablehlo/value.ts";

/** Values of JavaScript's of so few elements become no buffers of their own. */
export const FEW = 64;

const PJRT_TYPES: Record<HostType, Pjrt> = { float32: "f32", int32: "i32", uint8: "u8", bool: "pred" };

/** Has a device compute values. */
export class Runtime {
  /** How often values were computed outside a compiled step. */
  runs = 0;

  constructor(
    readonly client: PjrtClient,
    readonly executables: Executables,
    readonly precision: FloatPrecision,
    /** Of each program. */
    readonly options: CompileOptions = {},
  ) {}

  /** On the first device where none is named. */
  upload(values: HostValues, shape: Shape, type: HostType, device?: PjrtDevice): DeviceBuffer {
    return this.client.upload(values, shape, PJRT_TYPES[type], device);
  }

  /** The buffer of a value that needs no computing, uploaded where it has none. */
  place(value: Value): DeviceBuffer {
    if (value.buffer === undefined)
      value.settle(this.upload(hostValues(value)!, value.shape, value.type as HostType));
    return value.buffer!;
  }

  /** Computes values, which are on the device from then on. */
  compute(values: readonly Value[]): void {
    if (values.length === 0) return;
    this.runs++;
    const module = emitModule(values, { leaf: placeOf, precision: this.precision });
    const executable = this.executables.get(module.text, this.options);
    const temporary: DeviceBuffer[] = [];
    const once = (buffer: DeviceBuffer) => {
      temporary.push(buffer);
      return buffer;
    };
    try {
      const args = module.parameters.map((value) =>
        isSmall(value)
          ? once(this.upload(value.host!, value.shape, value.type as HostType))
          : this.place(value),
      );
      if (module.packed.length > 0) {
        const all = concat(module.packed.map((v) => v.host!));
        args.push(once(this.upload(all, [all.length], "float32")));
      }
      const [results] = executable.run([args]);
      values.forEach((value, i) => {
        value.settle(results![i]!);
      });
    } finally {
      for (const buffer of temporary) buffer.destroy();
    }
  }
}

/** The values where they are known without the device. */
export function hostValues(value: Value): HostValues | undefined {
  const splat = value.operation?.splat;
  if (splat === undefined) return value.host;
  return newArray(value.type as HostType, sizeOf(value.shape)).fill(splat);
}

const isSmall = (value: Value): boolean =>
  value.host !== undefined && value.host.length <= FEW && !value.variable;

/** Few numbers change from call to call, so they are arguments, and not part of the text. */
const placeOf = (value: Value) => (isSmall(value) && value.type === "float32" ? "packed" : "parameter");
