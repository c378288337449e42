import { type FileHandle, open } from "node:fs/promises";
import { fill } from "../../files/positional_file.ts";
import type { ReadAt } from "../../formats/tar.ts";

/** Files that stay open. */
const OPEN = 64;
const WINDOW = 1 << 16;

interface Opened {
  readonly handle: Promise<FileHandle>;
  /** Reads under way. */
  readers: number;
}

/** Reads parts of many files, of which those used last stay open. */
export class FilePool {
  private readonly files = new Map<string, Opened>();
  /** Files that stay open. */
  private most = OPEN;

  /** @throws Error where the file can't be opened, or ends before */
  async read(file: string, offset: number, size: number): Promise<Uint8Array> {
    const opened = this.files.get(file) ?? { handle: open(file), readers: 0 };
    this.files.delete(file);
    this.files.set(file, opened); // the last one now
    opened.readers++;
    try {
      const bytes = new Uint8Array(size);
      await fill(await opened.handle, bytes, offset);
      return bytes;
    } catch (error) {
      this.files.delete(file);
      throw error;
    } finally {
      opened.readers--;
      this.closeIdle(this.most);
    }
  }

  /** What is still being read is closed after that. */
  close(): void {
    this.most = 0;
    this.closeIdle(0);
  }

  /** Closes those that wait longest for a reader, down to `most` files. */
  private closeIdle(most: number): void {
    for (const [file, { handle, readers }] of this.files) {
      if (this.files.size <= most) return;
      if (readers > 0) continue;
      this.files.delete(file);
      void handle.then((opened) => opened.close()).catch(() => {});
    }
  }
}

/** Reads an open file in larger pieces, where small ones follow each other. */
export function windowed(handle: FileHandle): ReadAt {
  let window = Buffer.alloc(0);
  let start = 0;
  return async (position, length) => {
    if (position < start || position + length > start + window.length) {
      const wanted = Buffer.alloc(Math.max(length, WINDOW));
      const { bytesRead } = await handle.read(wanted, 0, wanted.length, position);
      window = wanted.subarray(0, bytesRead);
      start = position;
    }
    return window.subarray(position - start, position - start + length);
  };
}
