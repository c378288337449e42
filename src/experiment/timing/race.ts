import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dumpConfig } from "../../config/dump.ts";
import type { Config } from "../../config/schema.ts";
import { ownMark, temporarily } from "../../files/temporary.ts";
import { atEnd } from "../../process/at_end.ts";
import { ownCommand } from "../../process/own_command.ts";

/** Hidden: what a race starts in a process of its own for each backend. */
export const TIME_STEPS = "time-steps";

/** Seconds that are measured, once both are ready: so many are enough after so many rounds, and so many at most. */
const ENOUGH = 2;
const ROUNDS = 15;
const MOST = 6;
const LEAST_ROUNDS = 2;
/** Milliseconds that a process may take to be ready, and for a step. */
const LONGEST = 60_000;

/** Seconds a training step, NaN where that was not measured, or why it could not be. */
export type Measured = number | { readonly problem: string };

/**
 * Runs a config's training step on each of `backends` in a process of its own, which a library for another processor may
 * kill. They take turns step by step, so that whatever else the machine does slows all; of each the fastest step counts,
 * which was disturbed least.
 */
export async function race(
  config: Config,
  baseDir: string,
  backends: readonly string[],
): Promise<Record<string, Measured>> {
  const folder = join(tmpdir(), `tfjs-vae-race-${ownMark()}`);
  return temporarily(folder, () => {
    // At once: a signal finds nothing half made.
    mkdirSync(folder, { mode: 0o700 });
    const file = join(folder, "config.yaml");
    writeFileSync(file, dumpConfig(config, { from: baseDir, to: folder }));
    return raceOf(file, backends);
  });
}

async function raceOf(file: string, backends: readonly string[]): Promise<Record<string, Measured>> {
  const runners: Runner[] = [];
  const end = () => {
    for (const runner of runners) runner.end();
  };
  const forget = atEnd(end); // a long step would outlive this process
  try {
    const outcome: Record<string, Measured> = {};
    const ready: Runner[] = [];
    // One after the other: starting takes all cores.
    for (const backend of backends) {
      const runner = new Runner(file, backend);
      runners.push(runner);
      const failed = await runner.next("ready");
      if (failed !== undefined) outcome[backend] = failed;
      else ready.push(runner);
    }
    return { ...outcome, ...(await rounds(ready)) };
  } finally {
    end();
    forget();
  }
}

/** Seconds a step of each; who fails is out, and one alone is not measured. */
async function rounds(runners: readonly Runner[]): Promise<Record<string, Measured>> {
  if (runners.length < 2) return Object.fromEntries(runners.map(({ backend }) => [backend, Number.NaN]));
  const seconds = new Map(runners.map((runner) => [runner, [] as number[]]));
  const began = performance.now();
  const spent = () => (performance.now() - began) / 1000;
  for (let round = 0; round < LEAST_ROUNDS || spent() < (round < ROUNDS ? MOST : ENOUGH); round++) {
    for (const runner of runners) {
      const failed = await runner.next("step");
      if (failed !== undefined) {
        const others = runners.filter((other) => other !== runner);
        return { ...(await rounds(others)), [runner.backend]: failed };
      }
      seconds.get(runner)!.push(runner.seconds);
    }
  }
  return Object.fromEntries([...seconds].map(([{ backend }, taken]) => [backend, Math.min(...taken)]));
}

/** A process that steps when it is told to. */
class Runner {
  /** What the last step took. */
  seconds = 0;
  private readonly child: ChildProcess;
  private words = "";

  constructor(
    file: string,
    readonly backend: string,
  ) {
    this.child = fork(ownCommand, [TIME_STEPS, file, backend], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.words += text;
    });
  }

  /** Waits until it is ready, or has made a step; why it is not, where it failed. */
  next(what: "ready" | "step"): Promise<{ problem: string } | undefined> {
    return new Promise((resolve) => {
      const { child } = this;
      const done = (outcome?: { problem: string }) => {
        clearTimeout(timer);
        child.off("message", heard).off("close", ended).off("error", failed);
        resolve(outcome);
      };
      const heard = (message: unknown) => {
        this.seconds = (message as { seconds: number }).seconds;
        done();
      };
      const ended = (code: number | null, signal: string | null) =>
        done({
          problem: this.words.trim().split("\n")[0] || `its process ended by ${signal ?? `code ${code}`}`,
        });
      const failed = (error: Error) => done({ problem: error.message });
      const timer = setTimeout(() => done({ problem: `it took more than ${LONGEST / 1000} s` }), LONGEST);
      child.on("message", heard).on("close", ended).on("error", failed);
      if (what === "step") child.send("step", (error) => error && failed(error));
    });
  }

  end(): void {
    this.child.kill("SIGKILL");
  }
}
