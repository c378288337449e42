import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { TRY_AGAIN } from "../errors.ts";
import { threadsOf, threadVariables } from "../experiment/launch/threads.ts";
import { freePorts } from "../process/free_ports.ts";
import { ownCommand } from "../process/own_command.ts";
import { signalsTo, takeSignals } from "../process/signals.ts";

/** Seconds that the others get to save and end after one has failed, and then after they were told to. */
const AFTER_FAILURE = 40;
const AFTER_SIGNAL = 15;
/**
 * Trains in so many processes on this machine, each with its share of the cores, by the arguments of `vae` that one would have.
 * They get this process's signals, and end together.
 *
 * @returns the exit code that says what happened: of a failure the one that the others' failures come from
 */
export async function runProcesses(count: number, args: readonly string[]): Promise<number> {
  const nodes = (await freePorts(count)).map((port) => `localhost:${port}`).join(",");
  const env = { ...process.env, ...threadVariables(threadsOf(count, availableParallelism())) };
  const children = Array.from({ length: count }, (_, rank) =>
    spawn(process.execPath, [ownCommand, ...args, "--nodes", nodes, "--rank", String(rank)], {
      env,
      stdio: ["ignore", rank === 0 ? "inherit" : "ignore", "inherit"],
    }),
  );
  const tell = (signal: NodeJS.Signals) => {
    for (const child of children) child.kill(signal);
  };
  const release = takeSignals((signal) => tell(signal));
  const save = () => void children[0]!.kill("SIGUSR1"); // which asks all
  for (const name of signalsTo("save")) process.on(name, save);
  const timers: NodeJS.Timeout[] = [];
  const give = (seconds: number, signal: NodeJS.Signals) =>
    timers.push(setTimeout(() => tell(signal), 1000 * seconds));
  try {
    const ends = children.map(async (child) => {
      const end = await endOf(child);
      if (end !== 0 && timers.length === 0) {
        give(AFTER_FAILURE, "SIGTERM");
        give(AFTER_FAILURE + AFTER_SIGNAL, "SIGKILL");
      }
      return end;
    });
    return codeOf(await Promise.all(ends));
  } finally {
    for (const timer of timers) clearTimeout(timer);
    for (const name of signalsTo("save")) process.off(name, save);
    release();
  }
}

/** A killed process has no reason of its own, nor has one that has lost another. */
function codeOf(ends: readonly (number | "killed")[]): number {
  const failed = ends.filter((end) => end !== 0);
  const own = failed.find((end) => end !== TRY_AGAIN && end !== "killed");
  return typeof own === "number" ? own : failed.length > 0 ? TRY_AGAIN : 0;
}

function endOf(child: ChildProcess): Promise<number | "killed"> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? "killed"));
  });
}
