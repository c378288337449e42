import { createHash } from "node:crypto";
import { arch, cpus } from "node:os";
import { ExecutableFiles } from "./executable_files.ts";
import type { CompileOptions, Executable, PjrtClient } from "./pjrt/index.ts";

export interface ExecutablesOptions {
  /** Keeps them on disk for later processes; in memory alone where undefined. */
  readonly folder?: string | undefined;
}

/** An executable, and whether and how long it was compiled. */
export interface Made {
  readonly executable: Executable;
  /** Seconds; undefined where it was there. */
  readonly seconds?: number;
}

/** The executables of a client by their text, each compiled once. */
export class Executables {
  /** Programs that were compiled, and those that came from disk. */
  compiled = 0;
  loaded = 0;
  /** Seconds spent on compiling. */
  seconds = 0;
  private readonly made = new Map<string, Executable>();
  private readonly files: ExecutableFiles | undefined;
  /** What a program depends on besides its text. */
  private readonly target: string;

  constructor(
    private readonly client: PjrtClient,
    { folder }: ExecutablesOptions = {},
  ) {
    this.files = folder === undefined ? undefined : new ExecutableFiles(folder);
    const { platform, version, apiVersion, devices } = client;
    const host = platform === "cpu" ? [arch(), cpus()[0]?.model] : [];
    const kinds = devices.map(({ kind }) => kind);
    this.target = JSON.stringify([platform, version, apiVersion, kinds, host, process.env.XLA_FLAGS]);
  }

  /** @throws PjrtError where the compiler refuses */
  get(text: string, options: CompileOptions = {}): Made {
    const key = this.keyOf(text, options);
    const known = this.find(key);
    if (known !== undefined) return { executable: known };
    const began = performance.now();
    return this.keep(key, this.client.compileSync(text, options), began);
  }

  /** `get` that compiles on another thread: signals are taken meanwhile. */
  async getAsync(text: string, options: CompileOptions = {}): Promise<Made> {
    const key = this.keyOf(text, options);
    const known = this.find(key);
    if (known !== undefined) return { executable: known };
    const began = performance.now();
    return this.keep(key, await this.client.compile(text, options), began);
  }

  destroy(): void {
    for (const executable of this.made.values()) executable.destroy();
    this.made.clear();
  }

  private keyOf(text: string, options: CompileOptions): string {
    const all = `${this.target}\n${JSON.stringify(options)}\n${text}`;
    return createHash("sha256").update(all).digest("hex");
  }

  private find(key: string): Executable | undefined {
    const known = this.made.get(key) ?? this.load(key);
    if (known !== undefined) this.made.set(key, known);
    return known;
  }

  private load(key: string): Executable | undefined {
    const bytes = this.files?.read(key);
    if (bytes === undefined) return undefined;
    try {
      const executable = this.client.load(bytes);
      this.loaded++;
      return executable;
    } catch {
      this.files?.forget(key);
      return undefined;
    }
  }

  private keep(key: string, executable: Executable, began: number): Made {
    const seconds = (performance.now() - began) / 1000;
    this.compiled++;
    this.seconds += seconds;
    this.made.set(key, executable);
    if (this.files !== undefined) {
      try {
        this.files.write(key, executable.serialize());
      } catch {} // a plugin that can't write programs down
    }
    return { executable, seconds };
  }
}
