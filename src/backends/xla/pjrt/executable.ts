import type { Pointer } from "../../ffi.ts";
import { DeviceBuffer } from "./buffer.ts";
import { Launch } from "./launch.ts";
import type { LiveObjects } from "./live_objects.ts";
import type { NamedValue } from "./named_values.ts";
import { CompiledProgram, type OptimizedProgram, type OutputShape, type ProgramMemory } from "./program.ts";

export interface RunOptions {
  /** Numbers of arguments that are left as they are, though the program says it may write over them. */
  readonly keep?: readonly number[];
}

/** A program on its devices: PJRT_LoadedExecutable. */
export class Executable {
  readonly outputs: readonly OutputShape[];
  private readonly program: CompiledProgram;
  private readonly idle: Launch[] = [];
  private ended = false;

  constructor(
    private readonly live: LiveObjects,
    private readonly at: Pointer,
  ) {
    const { executable } = live.api.call("LoadedExecutable_GetExecutable", { loaded: at });
    this.program = new CompiledProgram(live.api, executable);
    this.outputs = this.program.outputs;
    live.executables++;
  }

  /**
   * Starts it and gives its results' buffers, a row a device; they are written later. An argument that the program
   * aliases is gone from then on, which its holder destroys all the same.
   *
   * @param args a row a device, each in the order of the program's parameters
   * @throws PjrtError where it can't be started
   */
  run(args: readonly (readonly DeviceBuffer[])[], { keep = [] }: RunOptions = {}): DeviceBuffer[][] {
    const launch = this.launch(args, keep);
    try {
      this.live.api.call("LoadedExecutable_Execute", { executable: this.at, ...launch.fields });
      return this.results(launch);
    } finally {
      this.idle.push(launch);
    }
  }

  /** `run` that starts it on another thread, for plugins that compute while they start. */
  async runAsync(
    args: readonly (readonly DeviceBuffer[])[],
    { keep = [] }: RunOptions = {},
  ): Promise<DeviceBuffer[][]> {
    const launch = this.launch(args, keep);
    for (const row of args) for (const buffer of row) buffer.pin();
    try {
      await this.live.api.callAsync("LoadedExecutable_Execute", { executable: this.at, ...launch.fields });
      return this.results(launch);
    } finally {
      for (const row of args) for (const buffer of row) buffer.unpin();
      this.idle.push(launch);
    }
  }

  get memory(): ProgramMemory {
    return this.program.memory;
  }

  get cost(): Record<string, NamedValue> | undefined {
    return this.program.cost;
  }

  optimizedProgram(): OptimizedProgram {
    return this.program.optimizedProgram();
  }

  /** What `PjrtClient.load` takes. */
  serialize(): Uint8Array {
    return this.program.serialize();
  }

  /** Nothing happens the second time. */
  destroy(): void {
    if (this.ended) return;
    this.ended = true;
    this.program.destroy();
    this.live.api.call("LoadedExecutable_Destroy", { executable: this.at });
    for (const launch of this.idle.splice(0)) launch.free();
    this.live.executables--;
  }

  private launch(args: readonly (readonly DeviceBuffer[])[], keep: readonly number[]): Launch {
    if (this.ended) throw new Error("a destroyed executable is run");
    const count = args[0]?.length ?? 0;
    const uneven = args.find((row) => row.length !== count);
    if (uneven) throw new Error(`devices with ${count} and ${uneven.length} arguments`);
    let launch = this.idle.pop();
    if (launch?.devices !== args.length || launch.argumentCount !== count) {
      launch?.free();
      launch = new Launch(args.length, count, this.outputs.length);
    }
    try {
      launch.set(args, keep);
    } catch (error) {
      this.idle.push(launch);
      throw error;
    }
    return launch;
  }

  private results(launch: Launch): DeviceBuffer[][] {
    return Array.from({ length: launch.devices }, (_, d) =>
      launch
        .results(d)
        .map((at, i) => new DeviceBuffer(this.live, at, this.outputs[i]!.shape, this.outputs[i]!.type)),
    );
  }
}
