import { readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { type Command, Option } from "commander";
import { ConfigError, UserError } from "../errors.ts";
import { isTemporaryFor, makeFolders, writeAtomic, writeNew, writeProblem } from "../files/atomic_file.ts";
import { removeAbandoned } from "../files/temporary.ts";

export interface ForceOption {
  readonly force?: boolean | undefined;
}

/**
 * The rule of every command that writes: nothing that is there is overwritten. A file of a command's own choice gets the
 * next free number (samples.png, samples_2.png, …), one that the user names is refused where it is there, but with
 * `--force`. This adds that option, and refuses before anything is computed.
 *
 * @param named the files that a call's options name
 */
export function addForce<T extends ForceOption>(
  command: Command,
  named: (options: T) => readonly string[],
): Command {
  return command
    .addOption(new Option("--force", "replace what --out names, where it is there"))
    .hook("preAction", async (_, acting) => {
      const options = acting.opts<T>();
      for (const file of named(options)) if (await isTaken(file, options.force)) throw taken(file);
    });
}

/** Writes a file by that rule, its folders too; returns the name that it got. Content that is there already stays. */
export async function writeOutput(
  file: string,
  bytes: Uint8Array | string,
  { named, force = false }: { readonly named: boolean } & ForceOption,
): Promise<string> {
  const folder = dirname(file);
  await makeFolders(folder);
  await removeAbandoned(folder, (name) => isTemporaryFor(file, name), HOUR_MS);
  if (await isDevice(file))
    await writeFile(file, bytes).catch((error) => Promise.reject(writeProblem(file, error)));
  else if (named && force) await writeAtomic(file, bytes);
  else if (named) {
    if (!(await writeNew(file, bytes))) throw taken(file);
  } else {
    for (let n = 1; ; n++) {
      const free = n === 1 ? file : numbered(file, n);
      if ((await holds(free, bytes)) || (await writeNew(free, bytes))) return free;
    }
  }
  return file;
}

const HOUR_MS = 3600e3;

const numbered = (file: string, n: number): string => {
  const ending = extname(file);
  return join(dirname(file), `${basename(file, ending)}_${n}${ending}`);
};

const found = (file: string) => stat(file).catch(() => undefined);

/** A pipe or a device, which only passes on. */
async function isDevice(file: string): Promise<boolean> {
  const is = await found(file);
  return is !== undefined && !is.isFile() && !is.isDirectory();
}

async function isTaken(file: string, force = false): Promise<boolean> {
  const is = await found(file);
  if (is?.isDirectory())
    throw new UserError(`--out: expected a file to write, got "${file}", which is a folder.`);
  return is?.isFile() === true && !force;
}

async function holds(file: string, bytes: Uint8Array | string): Promise<boolean> {
  const is = await found(file);
  if (!is?.isFile() || is.size !== Buffer.byteLength(bytes)) return false;
  return (await readFile(file)).equals(Buffer.from(bytes as Uint8Array));
}

const taken = (file: string): ConfigError =>
  new ConfigError(`--out: ${file} is there already. Name another, or add --force to replace it.`);
