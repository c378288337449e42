import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, unlinkSync } from "node:fs";
import { arch, cpus } from "node:os";
import { join } from "node:path";
import { writeAtomicSync } from "../../files/atomic_file.ts";
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
  /** What a program depends on besides its text. */
  private readonly target: string;

  constructor(
    private readonly client: PjrtClient,
    private readonly options: ExecutablesOptions = {},
  ) {
    const { platform, version, apiVersion, devices } = client;
    const host = platform === "cpu" ? [arch(), cpus()[0]?.model] : [];
    const kinds = devices.map(({ kind }) => kind);
    this.target = JSON.stringify([platform, version, apiVersion, kinds, host, process.env.XLA_FLAGS]);
  }

  /** @throws PjrtError where the compiler refuses */
  get(text: string, options: CompileOptions = {}): Made {
    const key = createHash("sha256")
      .update(`${this.target}\n${JSON.stringify(options)}\n${text}`)
      .digest("hex");
    const known = this.made.get(key) ?? this.load(key);
    if (known !== undefined) {
      this.made.set(key, known);
      return { executable: known };
    }
    const began = performance.now();
    const executable = this.client.compileSync(text, options);
    const seconds = (performance.now() - began) / 1000;
    this.compiled++;
    this.seconds += seconds;
    this.made.set(key, executable);
    this.keep(key, executable);
    return { executable, seconds };
  }

  destroy(): void {
    for (const executable of this.made.values()) executable.destroy();
    this.made.clear();
  }

  private fileOf(key: string): string | undefined {
    return this.options.folder && join(this.options.folder, `${key}.xla`);
  }

  private load(key: string): Executable | undefined {
    const file = this.fileOf(key);
    if (file === undefined) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch {
      return undefined; // not there
    }
    try {
      const executable = this.client.load(bytes);
      this.loaded++;
      return executable;
    } catch {
      forget(file);
      return undefined;
    }
  }

  /** In a cache that can't be written, or of a plugin that can't write programs down, nothing is kept. */
  private keep(key: string, executable: Executable): void {
    const file = this.fileOf(key);
    if (file === undefined) return;
    try {
      mkdirSync(this.options.folder!, { recursive: true });
      writeAtomicSync(file, executable.serialize());
    } catch {}
  }
}

function forget(file: string): void {
  try {
    unlinkSync(file);
  } catch {}
}
