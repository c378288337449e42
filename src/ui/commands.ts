import { join, relative } from "node:path";
import { shellWord } from "../text/shell.ts";
import type { RunDetail } from "./api.ts";
import type { RunEntry } from "./run_entry.ts";

type Commands = RunDetail["commands"];

/**
 * Lines to type for a run, in the folder that the server was started in.
 *
 * @param environment what environment.json holds
 */
export function commandsOf({ path, info }: RunEntry, environment: unknown): Commands {
  const near = relative(process.cwd(), path);
  const run = near.startsWith("..") ? path : near || ".";
  const resume = line("run", "--resume", run);
  const more = `${resume} --set trainer_params.max_epochs=${Math.max(1, (info?.epoch ?? 0) * 2)}`;
  const goOn: Record<string, Commands> = {
    running: [],
    finished: [{ what: "Train on, to more epochs", line: more }],
  };
  return [
    { what: "Repeat it as a new run", line: line("run", "--config", join(run, "config.yaml")) },
    ...(goOn[info?.status ?? ""] ?? [{ what: "Go on with it", line: resume }]),
    { what: "Sample from it", line: line("sample", run) },
    { what: "Measure it", line: line("evaluate", run) },
    ...typed(environment),
  ];
}

/** As it was started. */
function typed(environment: unknown): Commands {
  const { command, folder } = (environment ?? {}) as { command?: unknown; folder?: unknown };
  if (!Array.isArray(command) || !command.every((word) => typeof word === "string")) return [];
  const where = typeof folder === "string" ? ` in ${folder}` : "";
  return [{ what: `As it was typed${where}`, line: line(...command) }];
}

const line = (...words: string[]) => ["vae", ...words.map(shellWord)].join(" ");
