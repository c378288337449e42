import { spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { ownCommand } from "../../process/own_command.ts";
import { counted } from "../../text/counted.ts";
import type { Launched, Launcher } from "./launcher.ts";

/** Child processes on this machine, `jobs` at once, each with its share of the cores. */
export function localLauncher(jobs: number): Launcher {
  const threads = threadsOf(jobs, availableParallelism());
  const env = { ...process.env, ...(jobs > 1 && threadVariables(threads)) };
  const each = jobs > 1 ? `, ${counted(threads, "thread")} each` : "";
  return { jobs, about: `${jobs} at a time on this machine${each}`, start: (...what) => start(env, ...what) };
}

/** Threads of each of `jobs` processes: an equal share of the cores, one at least. */
export const threadsOf = (jobs: number, cores: number): number => Math.max(1, Math.floor(cores / jobs));

/** What tells a process's backends to take so many threads: wasm, TensorFlow, and oneDNN in it. */
export function threadVariables(threads: number): Record<string, string> {
  const names = ["TFJS_VAE_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"];
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? String(threads)]));
}

function start(env: NodeJS.ProcessEnv, args: readonly string[], output: string): Launched {
  const out = openSync(output, "a");
  const child = spawn(process.execPath, [ownCommand, ...args], { env, stdio: ["ignore", out, out] });
  closeSync(out);
  const ended = new Promise<number>((resolve) => {
    child.on("error", (error) => {
      appendFileSync(output, `${error.message}\n`);
      resolve(1);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
  return { ended, stop: () => void child.kill("SIGTERM") };
}
