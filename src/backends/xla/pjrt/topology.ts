import type { Pointer } from "../../ffi.ts";
import type { PjrtApi } from "./api.ts";
import { type CompileOptions, encodeCompileOptions } from "./compile_options.ts";
import { type NamedValues, withNamedValues } from "./named_values.ts";
import { CompiledProgram, withProgram } from "./program.ts";
import { copyIn, memory } from "./slots.ts";

/** Devices that are described and need not be here, to compile for. */
export class Topology {
  private readonly at: Pointer;

  /**
   * @param name the plugin's own word for the devices: "v5e:2x2x1" of TPUs
   * @param options the plugin's own description of them
   * @throws PjrtError where the plugin does not know them
   */
  constructor(
    private readonly api: PjrtApi,
    name: string,
    options: NamedValues = {},
  ) {
    const bytes = Buffer.from(name);
    const text = copyIn(bytes);
    try {
      this.at = withNamedValues(
        options,
        (at, count) =>
          api.call("TopologyDescription_Create", { name: text, name_size: bytes.length, options: at, count })
            .topology,
      );
    } finally {
      memory().free(text);
    }
  }

  /** @param program StableHLO, as text or bytecode. @throws PjrtError */
  async compile(program: string | Uint8Array, options: CompileOptions = {}): Promise<CompiledProgram> {
    const { executable } = await withProgram(program, encodeCompileOptions(options), (given) =>
      this.api.callAsync("Compile", { topology: this.at, client: 0, ...given }),
    );
    return new CompiledProgram(this.api, executable);
  }

  destroy(): void {
    this.api.call("TopologyDescription_Destroy", { topology: this.at });
  }
}
