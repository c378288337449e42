import { type Command, InvalidArgumentError, Option } from "commander";
import type { NpyArray } from "../formats/npy.ts";
import { knownEnding } from "./endings.ts";
import { addForce, type ForceOption, writeOutput } from "./write_output.ts";

const ENDINGS = [".png", ".npy", ".npz"];

/** What a command has to write: a picture, and arrays, of which a .npy file gets the first and a .npz file all. */
export interface Outputs {
  readonly png?: () => Promise<Buffer>;
  readonly arrays: Readonly<Record<string, NpyArray>>;
}

export interface OutOptions extends ForceOption {
  readonly out?: readonly string[] | undefined;
}

/** Adds `--out`, repeatable, whose ending says what is written, and `--force`. */
export function addOut(command: Command, standard: string, endings: readonly string[] = ENDINGS): Command {
  const listed = endings.join(", ");
  const parse = (file: string, before: readonly string[] = []) => {
    if (knownEnding(file, endings) === undefined)
      throw new InvalidArgumentError(`Expected a file that ends in ${listed}.`);
    return [...before, file];
  };
  const what = `where to write, ${listed} (repeatable; "${standard}" or the next free number where left out)`;
  command.addOption(new Option("--out <file>", what).argParser(parse));
  return addForce<OutOptions>(command, ({ out = [] }) => out);
}

/** Writes each file by its ending and says so on standard error. @throws UserError where one can't be written */
export async function writeOutputs(
  { out, force }: OutOptions,
  standard: string,
  { png, arrays }: Outputs,
): Promise<void> {
  const { encodeNpy } = await import("../formats/npy.ts");
  const { encodeNpz } = await import("../formats/npz.ts");
  const named = out !== undefined;
  for (const file of out ?? [standard]) {
    const ending = knownEnding(file, ENDINGS);
    const bytes =
      ending === ".png"
        ? await png!()
        : ending === ".npy"
          ? encodeNpy(Object.values(arrays)[0]!)
          : await encodeNpz(arrays);
    console.error(`wrote ${await writeOutput(file, bytes, { named, force })}`);
  }
}
