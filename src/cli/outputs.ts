import { mkdir } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { writeAtomic, writeProblem } from "../atomic_file.ts";
import type { NpyArray } from "../formats/npy.ts";

/** What a command has to write: a picture, and arrays, of which a .npy file gets the first and a .npz file all. */
export interface Outputs {
  readonly png?: () => Promise<Buffer>;
  readonly arrays: Readonly<Record<string, NpyArray>>;
}

/** `--out`, repeatable: the file's ending says what is written. */
export function outOption(standard: string, endings: readonly string[] = [".png", ".npy", ".npz"]): Option {
  const listed = endings.join(", ");
  const parse = (file: string, before: readonly string[]) => {
    if (!endings.includes(extname(file).toLowerCase()))
      throw new InvalidArgumentError(`Expected a file that ends in ${listed}.`);
    return before === defaults ? [file] : [...before, file];
  };
  const defaults = [standard];
  return new Option("--out <file>", `where to write, ${listed} (repeatable)`)
    .default(defaults, `"${standard}"`)
    .argParser<readonly string[]>(parse as never);
}

/** Writes each file by its ending and says so on standard error. @throws UserError where one can't be written */
export async function writeOutputs(files: readonly string[], { png, arrays }: Outputs): Promise<void> {
  const { encodeNpy } = await import("../formats/npy.ts");
  const { encodeNpz } = await import("../formats/npz.ts");
  for (const file of files) {
    const ending = extname(file).toLowerCase();
    const bytes =
      ending === ".png"
        ? await png!()
        : ending === ".npy"
          ? encodeNpy(Object.values(arrays)[0]!)
          : await encodeNpz(arrays);
    await mkdir(dirname(file), { recursive: true }).catch((error) => {
      throw writeProblem(dirname(file), error);
    });
    await writeAtomic(file, bytes);
    console.error(`wrote ${file}`);
  }
}
