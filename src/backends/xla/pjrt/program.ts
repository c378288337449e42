import type { Pointer } from "../../ffi.ts";
import type { PjrtApi } from "./api.ts";
import { type ElementType, elementTypeOf } from "./element_types.ts";
import { PjrtError } from "./errors.ts";
import { type NamedValue, readNamedValues } from "./named_values.ts";
import { copyIn, copyOut, memory, readSlots, readText, Slots } from "./slots.ts";

/** Bytes of a device's memory that one run takes, as the compiler has laid it out. */
export interface ProgramMemory {
  readonly arguments: number;
  readonly outputs: number;
  /** Of the outputs' bytes those that are written over arguments. */
  readonly aliased: number;
  readonly temporary: number;
  readonly code: number;
  /** arguments + outputs − aliased + temporary + code. */
  readonly total: number;
}

export interface OutputShape {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** A program as XLA made it, in XLA's own message. */
export interface OptimizedProgram {
  /** "hlo" (HloModuleProto) or "hlo_with_config" (HloModuleProtoWithConfig). */
  readonly format: string;
  readonly bytes: Uint8Array;
}

/** A compiled program, whether or not its device is here: PJRT_Executable. */
export class CompiledProgram {
  constructor(
    private readonly api: PjrtApi,
    private readonly at: Pointer,
  ) {}

  get outputs(): OutputShape[] {
    const executable = this.at;
    const { count } = this.api.call("Executable_NumOutputs", { executable });
    const { types } = this.api.call("Executable_OutputElementTypes", { executable });
    const { dims, ranks } = this.api.call("Executable_OutputDimensions", { executable, count });
    const codes = count === 0 ? [] : [...new Int32Array(memory().view(types, 4 * count))];
    let next = 0;
    return readSlots(ranks, count).map((rank, i) => {
      const shape = readSlots(dims + 8 * next, rank);
      next += rank;
      return { shape, type: elementTypeOf(codes[i]!) };
    });
  }

  get memory(): ProgramMemory {
    const s = this.api.call("Executable_GetCompiledMemoryStats", { executable: this.at });
    const total = s.arguments + s.outputs - s.aliased + s.temporary + s.code;
    const { outputs, aliased, temporary, code } = s;
    return { arguments: s.arguments, outputs, aliased, temporary, code, total };
  }

  /** XLA's estimate by name: "flops", "bytes accessed", …; undefined where the plugin makes none. */
  get cost(): Record<string, NamedValue> | undefined {
    try {
      const { properties, count } = this.api.call("Executable_GetCostAnalysis", { executable: this.at });
      return readNamedValues(properties, count);
    } catch (error) {
      if (error instanceof PjrtError && error.code === "UNIMPLEMENTED") return undefined;
      throw error;
    }
  }

  optimizedProgram(): OptimizedProgram {
    const program = new Slots(6); // PJRT_Program: struct_size, extension_start, code, its size, format, its size
    program.set(0, 8 * program.length);
    let code: Pointer | undefined;
    try {
      const ask = () =>
        this.api.call("Executable_OptimizedProgram", { executable: this.at, program: program.at });
      ask(); // for the size
      const size = program.get(3);
      code = memory().malloc(Math.max(8, size));
      program.set(2, code);
      ask();
      return { format: readText(program.get(4), program.get(5)), bytes: copyOut(code, size) };
    } finally {
      program.free();
      if (code !== undefined) memory().free(code);
    }
  }

  /** What `PjrtClient.load` takes, on the same kind of device with the same plugin. */
  serialize(): Uint8Array {
    const { bytes, size, serialized, deleter } = this.api.call("Executable_Serialize", {
      executable: this.at,
    });
    try {
      return copyOut(bytes, size);
    } finally {
      this.api.delete(deleter, serialized);
    }
  }

  destroy(): void {
    this.api.call("Executable_Destroy", { executable: this.at });
  }
}

/** A program's text or bytecode and its options, in native memory while `use` runs. */
export async function withProgram<T>(
  code: string | Uint8Array,
  options: Uint8Array,
  use: (given: { program: Pointer; options: Pointer; options_size: number }) => T,
): Promise<Awaited<T>> {
  const given = new GivenProgram(code, options);
  try {
    return await use(given.fields);
  } finally {
    given.free();
  }
}

/** `withProgram` for a call that blocks. */
export function withProgramSync<T>(
  code: string | Uint8Array,
  options: Uint8Array,
  use: (given: { program: Pointer; options: Pointer; options_size: number }) => T,
): T {
  const given = new GivenProgram(code, options);
  try {
    return use(given.fields);
  } finally {
    given.free();
  }
}

class GivenProgram {
  readonly fields: { program: Pointer; options: Pointer; options_size: number };
  private readonly program: Slots;
  private readonly owned: Pointer[];

  constructor(code: string | Uint8Array, options: Uint8Array) {
    const text = typeof code === "string" ? Buffer.from(code) : code;
    const format = Buffer.from("mlir"); // text or bytecode
    this.owned = [text, format, options].map(copyIn);
    const [textAt, formatAt, optionsAt] = this.owned as [number, number, number];
    this.program = Slots.of([48, 0, textAt, text.length, formatAt, format.length]);
    this.fields = { program: this.program.at, options: optionsAt, options_size: options.length };
  }

  free(): void {
    this.program.free();
    for (const at of this.owned) memory().free(at);
  }
}
