import type { HostTensor, RowTable } from "../compiler.ts";
import type { DeviceBuffer, Executable } from "./pjrt/index.ts";
import type { Runtime } from "./runtime.ts";
import { constant } from "./stablehlo/elementwise.ts";
import { emitModule, type Module, type ModuleOptions } from "./stablehlo/emit.ts";
import { gather } from "./stablehlo/gather.ts";
import { setRows } from "./stablehlo/scatter.ts";
import { type Shape, sizeOf } from "./stablehlo/types.ts";
import { Value } from "./stablehlo/value.ts";

/** Share of the memory that a step leaves free on the device that a table may take. */
const SHARE = 0.5;

/** A table's rows on the first device; those that no batch has brought yet are 0. */
interface DeviceTable {
  buffer: DeviceBuffer;
}

/** The tables that steps take rows of, on the device from the first time that a batch brings them. */
export class DeviceTables {
  /** Undefined where there is no room for one. */
  private readonly tables = new Map<RowTable, DeviceTable | undefined>();
  private readonly programs = new Map<string, Executable>();

  constructor(private readonly runtime: Runtime) {}

  /**
   * The tensor's rows, gathered on the device where all of them are there, else uploaded, and kept where the table fits.
   *
   * @param reserved bytes of the device that a step takes
   */
  take(tensor: TableTensor, shape: Shape, reserved: number): DeviceBuffer {
    const { table: rows, indices: numbers } = tensor.rows;
    const isWithin = numbers.every((index) => index < rows.count);
    const table = isWithin ? this.tableOf(rows, shape, reserved) : undefined;
    if (table === undefined) return this.runtime.upload(tensor.values, shape, "float32");
    const indices = this.runtime.upload(Int32Array.from(numbers), [numbers.length], "int32");
    try {
      if (numbers.every((index) => rows.kept.has(index))) return this.gathered(table, indices);
      const batch = this.runtime.upload(tensor.values, shape, "float32");
      this.put(table, indices, batch);
      for (const index of numbers) rows.kept.add(index);
      return batch;
    } finally {
      indices.destroy();
    }
  }

  private tableOf(rows: RowTable, [, ...row]: Shape, reserved: number): DeviceTable | undefined {
    if (!this.tables.has(rows)) {
      this.tables.set(rows, this.newTable([rows.count, ...row], reserved));
      rows.onClose(() => this.close(rows));
    }
    return this.tables.get(rows);
  }

  private newTable(shape: Shape, reserved: number): DeviceTable | undefined {
    const memory = this.runtime.client.devices[0]?.memoryStats();
    if (memory?.limit !== undefined) {
      const free = memory.limit - memory.inUse - reserved;
      if (4 * sizeOf(shape) > SHARE * free) return undefined;
    }
    const zeros = this.program(`zeros ${shape}`, () => emitModule([constant("float32", 0, shape)], PROGRAM));
    return { buffer: zeros.run([[]])[0]![0]! };
  }

  private gathered({ buffer }: DeviceTable, indices: DeviceBuffer): DeviceBuffer {
    const program = this.program(`gather ${buffer.shape} ${indices.shape}`, () => {
      const parameters = [argument(buffer), argument(indices)] as const;
      return emitModule([gather(...parameters, 0)], { ...PROGRAM, parameters });
    });
    return program.run([[buffer, indices]])[0]![0]!;
  }

  private put(table: DeviceTable, indices: DeviceBuffer, rows: DeviceBuffer): void {
    const before = table.buffer;
    const program = this.program(`put ${before.shape} ${indices.shape}`, () => {
      const parameters = [argument(before), argument(indices), argument(rows)] as const;
      return emitModule([setRows(...parameters)], { ...PROGRAM, parameters, donate: new Map([[0, 0]]) });
    });
    table.buffer = program.run([[before, indices, rows]])[0]![0]!;
    before.destroy();
  }

  private program(name: string, build: () => Module): Executable {
    let made = this.programs.get(name);
    if (made === undefined) {
      const { executables, options } = this.runtime;
      made = executables.hold(build().text, options);
      this.programs.set(name, made);
    }
    return made;
  }

  private close(rows: RowTable): void {
    this.tables.get(rows)?.buffer.destroy();
    this.tables.delete(rows);
  }
}

const PROGRAM: Pick<ModuleOptions, "leaf" | "precision"> = { leaf: () => "parameter", precision: "DEFAULT" };

type TableTensor = Pick<HostTensor, "values"> & { readonly rows: NonNullable<HostTensor["rows"]> };

/** Stands for an argument of the type of `buffer`. */
const argument = ({ shape, type }: DeviceBuffer): Value =>
  new Value(shape, type === "i32" ? "int32" : "float32", { host: new Float32Array() });

/** Whether a tensor is rows of a table. */
export const isOfTable = (tensor: HostTensor): tensor is HostTensor & TableTensor =>
  tensor.rows !== undefined;
