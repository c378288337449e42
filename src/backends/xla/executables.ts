import { createHash } from "node:crypto";
import { arch, cpus } from "node:os";
import { ExecutableFiles } from "./executable_files.ts";
import type { CompileOptions, Executable, PjrtClient, PjrtDevice } from "./pjrt/index.ts";

export interface ExecutablesOptions {
  /** Keeps them on disk for later processes; in memory alone where undefined. */
  readonly folder?: string | undefined;
  /** Those in memory, besides what is held, at most. */
  readonly most?: number;
  /** Called once for each device before the first program that came from disk, or is for several devices, runs on it. */
  prepare?(client: PjrtClient, devices: readonly PjrtDevice[]): void;
}

/**
 * A process may have 65,530 mappings (Linux's vm.max_map_count). The CPU's plugin takes 400 and more for a program of a
 * model's size, with 150 of which it can compile no more. Those of a GPU's take device memory instead, a megabyte at most.
 */
const mostOn = (platform: string): number => (platform === "cpu" ? 64 : 512);

/** An executable, and whether and how long it was compiled. */
export interface Made {
  readonly executable: Executable;
  /** Seconds; undefined where it was there. */
  readonly seconds?: number;
}

/**
 * The executables of a client by their text, each compiled once. Those that are held stay, as a training step; of the
 * others, run as they are asked for, the ones that were used longest ago are destroyed where there are too many.
 */
export class Executables {
  /** Programs that were compiled, and those that came from disk. */
  compiled = 0;
  loaded = 0;
  /** Seconds spent on compiling. */
  seconds = 0;
  private readonly held = new Map<string, Executable>();
  /** The least recently used first. */
  private readonly passing = new Map<string, Executable>();
  private readonly most: number;
  private readonly prepared = new Set<number>();
  private readonly prepare: ExecutablesOptions["prepare"];
  private readonly files: ExecutableFiles | undefined;
  /** What a program depends on besides its text. */
  private readonly target: string;

  constructor(
    private readonly client: PjrtClient,
    { folder, most = mostOn(client.platform), prepare }: ExecutablesOptions = {},
  ) {
    this.most = most;
    this.prepare = prepare;
    this.files = folder === undefined ? undefined : new ExecutableFiles(folder);
    const { platform, version, apiVersion, devices } = client;
    const host = platform === "cpu" ? [arch(), cpus()[0]?.model] : [];
    const kinds = devices.map(({ kind }) => kind);
    this.target = JSON.stringify([platform, version, apiVersion, kinds, host, process.env.XLA_FLAGS]);
  }

  /** To be run at once: it may be destroyed when the next is asked for. @throws PjrtError where the compiler refuses */
  get(text: string, options: CompileOptions = {}): Executable {
    const key = this.keyOf(text, options);
    const executable = this.find(key, options) ?? this.compileSync(key, text, options);
    if (!this.held.has(key)) this.pass(key, executable);
    return executable;
  }

  /** To be kept. @throws PjrtError where the compiler refuses */
  hold(text: string, options: CompileOptions = {}): Executable {
    const key = this.keyOf(text, options);
    const executable = this.find(key, options) ?? this.compileSync(key, text, options);
    this.keep(key, executable);
    return executable;
  }

  /** `hold` that compiles on another thread: signals are taken meanwhile. */
  async holdAsync(text: string, options: CompileOptions = {}): Promise<Made> {
    const key = this.keyOf(text, options);
    const known = this.find(key, options);
    if (known !== undefined) {
      this.keep(key, known);
      return { executable: known };
    }
    const began = performance.now();
    const executable = await this.client.compile(text, options);
    this.keep(key, executable);
    return { executable, seconds: this.record(key, executable, began, options) };
  }

  destroy(): void {
    for (const executable of [...this.held.values(), ...this.passing.values()]) executable.destroy();
    this.held.clear();
    this.passing.clear();
  }

  private compileSync(key: string, text: string, options: CompileOptions): Executable {
    const began = performance.now();
    const executable = this.client.compileSync(text, options);
    this.record(key, executable, began, options);
    return executable;
  }

  private keep(key: string, executable: Executable): void {
    this.passing.delete(key);
    this.held.set(key, executable);
  }

  private pass(key: string, executable: Executable): void {
    this.passing.delete(key);
    this.passing.set(key, executable);
    if (this.passing.size <= this.most) return;
    const [oldest] = this.passing.keys();
    this.passing.get(oldest!)!.destroy();
    this.passing.delete(oldest!);
  }

  private keyOf(text: string, options: CompileOptions): string {
    const all = `${this.target}\n${JSON.stringify(options)}\n${text}`;
    return createHash("sha256").update(all).digest("hex");
  }

  private find(key: string, options: CompileOptions): Executable | undefined {
    return this.held.get(key) ?? this.passing.get(key) ?? this.load(key, options);
  }

  private load(key: string, options: CompileOptions): Executable | undefined {
    const bytes = this.files?.read(key);
    if (bytes === undefined) return undefined;
    let executable: Executable;
    try {
      executable = this.client.load(bytes);
    } catch {
      this.files?.forget(key);
      return undefined;
    }
    this.loaded++;
    this.makeReady(options);
    return executable;
  }

  /** What fails here fails again, with its reason, where the program runs. */
  private makeReady({ devices: ids }: CompileOptions): void {
    const { devices } = this.client;
    const of = ids === undefined ? devices.slice(0, 1) : devices.filter(({ id }) => ids.includes(id));
    const fresh = of.filter(({ id }) => !this.prepared.has(id));
    for (const { id } of fresh) this.prepared.add(id);
    if (fresh.length === 0) return;
    try {
      this.prepare?.(this.client, fresh);
    } catch {}
  }

  /** Counts what was compiled and writes it down; gives the seconds that it took. */
  private record(key: string, executable: Executable, began: number, options: CompileOptions): number {
    const seconds = (performance.now() - began) / 1000;
    if ((options.devices?.length ?? 1) > 1) this.makeReady(options); // the compiler has tried it on one
    this.compiled++;
    this.seconds += seconds;
    if (this.files !== undefined) {
      try {
        this.files.write(key, executable.serialize());
      } catch {} // a plugin that can't write programs down
    }
    return seconds;
  }
}
