import { readdir } from "node:fs/promises";
import { changeText, configChanges, configFile } from "../experiment/runs/config_history.ts";
import type { RunDetail } from "./api.ts";
import { commandsOf } from "./commands.ts";
import { textInside } from "./inside.ts";
import { picturesOf } from "./pictures.ts";
import type { RunEntry } from "./run_entry.ts";

/** What the page of a run shows beside its curves. */
export async function detailOf(entry: RunEntry): Promise<RunDetail> {
  const { id, root, path, files } = entry;
  const read = (file: string) => textInside(root, file);
  const [config, about, evaluation, pictures] = await Promise.all([
    read(configFile(path)),
    read(files.environment),
    read(files.evaluation),
    picturesOf(entry),
  ]);
  const evaluated = parse(evaluation);
  const environment = parse(about);
  return {
    id,
    ...(config !== undefined && { config }),
    ...(environment !== undefined && { environment }),
    ...(evaluated !== undefined && { evaluation: evaluated }),
    pictures,
    commands: commandsOf(entry, environment),
    changes: await changesOf(path),
  };
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // changed by hand
  }
}

/** What changed on the way. A link or a pipe among the configs, which nothing here makes, is not followed. */
async function changesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const configs = entries.filter(({ name }) => /^config.*\.yaml$/.test(name));
  return configs.every((entry) => entry.isFile()) ? configChanges(path).map(changeText) : [];
}
