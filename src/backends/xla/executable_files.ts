import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { writeAtomicSync } from "../../files/atomic_file.ts";

/** What a folder of executables may hold: the ones that were used longest ago go first. */
export interface Limits {
  readonly bytes: number;
  readonly files: number;
}

/** Those of the cache: 2 GiB, 8,192 files; a training, its pictures and metrics make some hundred. */
const LIMITS: Limits = { bytes: 2 * 2 ** 30, files: 8192 };

/** Bytes of the SHA-256 of all behind it, that a file starts with: a plugin may crash on what is damaged. */
const SUM = 32;

const sumOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/**
 * Executables on disk by their keys, for later processes. In a folder that can't be written nothing is kept; several
 * processes may use one.
 */
export class ExecutableFiles {
  private written = 0;

  constructor(
    private readonly folder: string,
    private readonly limits: Limits = LIMITS,
  ) {}

  /** Undefined where there is none, or it is damaged, which removes it. */
  read(key: string): Uint8Array | undefined {
    const file = this.fileOf(key);
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch {
      return undefined; // not there
    }
    const executable = bytes.subarray(SUM);
    if (!sumOf(executable).equals(bytes.subarray(0, SUM))) {
      this.forget(key);
      return undefined;
    }
    quietly(() => utimesSync(file, new Date(), new Date())); // used now
    return executable;
  }

  /** Writes one, whole or not at all, and makes room. */
  write(key: string, executable: Uint8Array): void {
    quietly(() => {
      mkdirSync(this.folder, { recursive: true });
      writeAtomicSync(this.fileOf(key), Buffer.concat([sumOf(executable), executable]));
      const every = Math.max(1, this.limits.files >> 8); // it looks at each file
      if (this.written++ % every === 0) this.makeRoom();
    });
  }

  forget(key: string): void {
    quietly(() => rmSync(this.fileOf(key), { force: true }));
  }

  private fileOf(key: string): string {
    return join(this.folder, `${key}.xla`);
  }

  private makeRoom(): void {
    const files = readdirSync(this.folder).flatMap((name) => {
      const file = join(this.folder, name);
      const stat = statSync(file, { throwIfNoEntry: false }); // another process may remove it
      return stat?.isFile() ? [{ file, size: stat.size, used: stat.mtimeMs }] : [];
    });
    files.sort((a, b) => b.used - a.used);
    let bytes = 0;
    files.forEach(({ file, size }, i) => {
      bytes += size;
      if (i > 0 && (bytes > this.limits.bytes || i >= this.limits.files)) rmSync(file, { force: true });
    });
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {}
}
