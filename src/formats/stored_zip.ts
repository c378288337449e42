import type { FileHandle } from "node:fs/promises";
import yauzl from "yauzl";
import { DataError } from "../errors.ts";

/**
 * A zip archive whose members are stored without compression, as torch.save writes them. Members are read by
 * name into memory; nothing is written to disk, so names can't lead anywhere.
 */
export class StoredZip {
  private constructor(
    private readonly handle: FileHandle,
    private readonly file: string,
    private readonly zip: yauzl.ZipFile,
    private readonly entries: ReadonlyMap<string, yauzl.Entry>,
  ) {}

  /** The archive in an open file; the caller closes the handle. @throws DataError where it is damaged */
  static async open(handle: FileHandle, file: string): Promise<StoredZip> {
    const entries = new Map<string, yauzl.Entry>();
    try {
      const zip = await yauzl.fromFdPromise(handle.fd, { autoClose: false });
      for await (const entry of zip.eachEntry()) {
        if (entries.has(entry.fileName)) throw new Error(`"${entry.fileName}" occurs twice`);
        entries.set(entry.fileName, entry);
      }
      return new StoredZip(handle, file, zip, entries);
    } catch (cause) {
      throw damaged(file, cause);
    }
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** The bytes of a member. @throws DataError where it is missing, compressed, damaged or above `maxBytes` */
  async read(name: string, maxBytes: number): Promise<Uint8Array> {
    const entry = this.entries.get(name);
    if (!entry) throw new DataError(`${this.file}: cut short or damaged: it has no ${name}`);
    if (entry.compressionMethod !== 0 || entry.isEncrypted())
      throw new DataError(`${this.file}: ${name} is compressed, which torch.save never does; save it anew`);
    const size = entry.uncompressedSize;
    if (size > maxBytes)
      throw new DataError(`${this.file}: ${name} has ${size} bytes, expected at most ${maxBytes}`);
    try {
      const { fileDataStart } = await this.zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const { size: fileSize } = await this.handle.stat();
      if (fileDataStart + size > fileSize) throw new Error(`${name} reaches beyond its end`);
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; ) {
        const { bytesRead } = await this.handle.read(bytes, at, size - at, fileDataStart + at);
        if (bytesRead === 0) throw new Error(`${name} reaches beyond its end`);
        at += bytesRead;
      }
      return bytes;
    } catch (cause) {
      throw damaged(this.file, cause);
    }
  }
}

function damaged(file: string, cause: unknown): DataError {
  return new DataError(`${file}: a damaged or incomplete zip (${(cause as Error).message})`, { cause });
}
