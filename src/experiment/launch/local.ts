import { spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { ownCommand } from "../../process/own_command.ts";
import { counted } from "../../text/counted.ts";
import type { LauncherDefinition } from "./define.ts";
import type { Command, Ending, Launched, Launcher } from "./launcher.ts";
import { threadsOf, threadVariables } from "./threads.ts";

export const local: LauncherDefinition = {
  keys: {},
  make: ({ jobs = 1 }) => localLauncher(jobs),
};

/** Child processes on this machine, `jobs` at once, each with its share of the cores. */
function localLauncher(jobs: number): Launcher {
  const threads = threadsOf(jobs, availableParallelism());
  const env = { ...process.env, ...(jobs > 1 && threadVariables(threads)) };
  const each = jobs > 1 ? `, ${counted(threads, "thread")} each` : "";
  const about = `${jobs} at a time on this machine${each}`;
  const startAll = async (commands: readonly Command[]) => commands.map((command) => start(env, command));
  return { jobs, about, start: startAll, close: () => {} };
}

function start(env: NodeJS.ProcessEnv, { args, output }: Command): Launched {
  const out = openSync(output, "a");
  const child = spawn(process.execPath, [ownCommand, ...args], { env, stdio: ["ignore", out, out] });
  closeSync(out);
  const ended = new Promise<Ending>((resolve) => {
    child.on("error", (error) => {
      appendFileSync(output, `${error.message}\n`);
      resolve({ code: 1 });
    });
    child.on("exit", (code, signal) => resolve({ code: code ?? 128 + constants.signals[signal!] }));
  });
  return { ended, standing: () => "", stop: () => void child.kill("SIGTERM") };
}
