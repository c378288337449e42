import type { Entry, ZipFile } from "yauzl";
import { DataError } from "../errors.ts";
import { type NpyStream, openNpy } from "./npy_reader.ts";

/** The arrays of a .npz file by name, each read when it is asked for. */
export class Npz {
  private constructor(
    private readonly file: string,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @throws DataError where it is no zip */
  static async open(file: string): Promise<Npz> {
    const { default: yauzl } = await import("yauzl"); // checking a config need not load it
    try {
      const zip = await yauzl.openPromise(file, { autoClose: false });
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry())
        if (entry.fileName.endsWith(".npy")) entries.set(entry.fileName.slice(0, -4), entry);
      return new Npz(file, zip, entries);
    } catch (cause) {
      throw damaged(file, cause);
    }
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** @throws DataError where there is no array of that name, or it can't be read */
  async array(name: string): Promise<NpyStream> {
    const entry = this.entries.get(name);
    if (entry === undefined)
      throw new DataError(`${this.file}: expected an array "${name}", got ${this.names.join(", ")}.`);
    const stream = await this.zip.openReadStreamPromise(entry).catch((cause) => {
      throw damaged(this.file, cause);
    });
    return openNpy(stream, `${this.file}: ${name}`);
  }

  close(): void {
    this.zip.close();
  }
}

function damaged(file: string, cause: unknown): DataError {
  const why = (cause as Error).message.replace(/\.$/, "");
  return new DataError(`${file}: expected a .npz file, a zip of arrays: ${why}. Get it again.`, { cause });
}
