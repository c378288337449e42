import { existsSync, readdirSync, readFileSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { type Leaf, leaves } from "../../config/leaves.ts";
import type { Config } from "../../config/schema.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { runFiles } from "./run_files.ts";

/** One that it was trained with up to a step. */
const UNTIL = /^config_until_(\d+)\.yaml$/;
/** As older runs have it: `config.yaml` is the first one, and this what it was resumed with at a step. */
const RESUMED = /^config_resumed_at_(\d+)\.yaml$/;

/** A config, and the optimizer step from which on a run was trained with it. */
interface Segment {
  readonly from: number;
  readonly file: string;
}

/** A setting that a resumed run was given otherwise. */
export interface Change {
  /** Optimizer steps done before it. */
  readonly step: number;
  /** Dotted, as `--set` takes it. */
  readonly key: string;
  /** undefined: there was none. */
  readonly before: Leaf | undefined;
  readonly after: Leaf | undefined;
}

/** File of the config that the run at `path` was trained with last. */
export const configFile = (path: string): string => segments(path).at(-1)!.file;

/** The settings of training that changed on the way, in order; what can't be read is left out. */
export function configChanges(path: string): Change[] {
  const read = segments(path).flatMap(({ from, file }) => {
    const settings = settingsOf(file);
    return settings === undefined ? [] : [{ from, settings }];
  });
  return read.slice(1).flatMap(({ from, settings }, i) => {
    const before = read[i]!.settings;
    const keys = [...new Set([...before.keys(), ...settings.keys()])];
    return keys
      .filter((key) => before.get(key) !== settings.get(key))
      .map((key) => ({ step: from, key, before: before.get(key), after: settings.get(key) }));
  });
}

/** `exp_params.LR 0.001 (0.005 up to step 375)`. */
export const changeText = ({ step, key, before, after }: Change): string =>
  `${key} ${after ?? "none"} (${before ?? "none"} up to step ${step})`;

/**
 * Makes `text` the run's `config.yaml`, from `step` on; what it was trained with up to there is kept as
 * `config_until_STEP.yaml`, where its settings of training are others. Configs of steps that are not in the
 * checkpoint which the run goes on from are dropped with them.
 *
 * @throws UserError where the folder can't be written
 */
export async function resumeConfig(path: string, text: string, step: number): Promise<void> {
  const trained = segments(path).filter(({ from, file }) => from < step && existsSync(file));
  const last = trained.at(-1);
  const unchanged = last !== undefined && equal(settingsOf(last.file), leaves(parse(text) as Config));
  const kept = (unchanged ? trained.slice(0, -1) : trained).map(({ file }, i) => {
    const until = trained[i + 1]?.from ?? step;
    return [`config_until_${until}.yaml`, readFileSync(file, "utf8")] as const;
  });
  for (const [name, content] of kept) await writeAtomic(join(path, name), content);
  await writeAtomic(runFiles(path).config, text);
  const names = new Set<string>(kept.map(([name]) => name));
  for (const name of readdirSync(path))
    if ((UNTIL.test(name) || RESUMED.test(name)) && !names.has(name)) await unlink(join(path, name));
}

/** Oldest first, the current one last. */
function segments(path: string): Segment[] {
  const numbered = (pattern: RegExp) =>
    list(path)
      .flatMap((name) => {
        const step = pattern.exec(name)?.[1];
        return step === undefined ? [] : [{ step: Number(step), file: join(path, name) }];
      })
      .sort((a, b) => a.step - b.step);
  const current = runFiles(path).config;
  const resumed = numbered(RESUMED);
  if (resumed.length > 0)
    return [{ from: 0, file: current }, ...resumed.map(({ step, file }) => ({ from: step, file }))];
  const until = numbered(UNTIL);
  const files = [...until.map(({ file }) => file), current];
  return files.map((file, i) => ({ from: until[i - 1]?.step ?? 0, file }));
}

function settingsOf(file: string): Map<string, Leaf> | undefined {
  try {
    return leaves(parse(readFileSync(file, "utf8")) as Config);
  } catch {
    return undefined; // damaged by hand, or gone
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

const equal = (a: ReadonlyMap<string, Leaf> | undefined, b: ReadonlyMap<string, Leaf>): boolean =>
  a !== undefined && a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
