import { createReadStream } from "node:fs";
import { DataError } from "../../errors.ts";
import { type NpyStream, openNpy } from "../../formats/npy_reader.ts";
import { Npz } from "../../formats/npz_reader.ts";

/** The arrays of a .npz file, or that of a .npy file, by name. */
export class ArrayFile {
  private constructor(
    private readonly file: string,
    private readonly npz: Npz | undefined,
  ) {}

  /** @throws DataError where it is neither */
  static async open(file: string): Promise<ArrayFile> {
    if (/\.npz$/i.test(file)) return new ArrayFile(file, await Npz.open(file));
    if (/\.npy$/i.test(file)) return new ArrayFile(file, undefined);
    throw new DataError(`data_params.data_path: expected a file that ends in .npy or .npz, got ${file}.`);
  }

  get names(): readonly string[] {
    return this.npz?.names ?? [""];
  }

  /** The array's values from their beginning; of a .npy file whatever the name. */
  array(name: string): Promise<NpyStream> {
    return this.npz?.array(name) ?? openNpy(createReadStream(this.file), this.file);
  }

  /** The only array that may be images. @throws DataError where there are several or none */
  async imageName(): Promise<string> {
    const found: string[] = [];
    for (const name of this.names) {
      const rank = await this.array(name).then(
        ({ shape }) => shape.length,
        (error) => {
          if (this.npz === undefined) throw error;
          return 0; // of objects, as dSprites' metadata
        },
      );
      if (rank === 3 || rank === 4) found.push(name);
    }
    if (found.length === 1) return found[0]!;
    const got =
      found.length > 0 ? found.join(", ") : this.npz ? `none among ${this.names.join(", ")}` : "another";
    throw new DataError(
      `data_params.images: expected the name of an array of 3 or 4 axes in ${this.file}, got ${got}. Say which.`,
    );
  }

  close(): void {
    this.npz?.close();
  }
}
