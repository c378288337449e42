import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TrainingBackend } from "../../backends/use_backend.ts";
import { dumpConfig } from "../../config/dump.ts";
import type { Config } from "../../config/schema.ts";
import { temporarily } from "../../files/temporary.ts";
import { atEnd } from "../../process/at_end.ts";

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
 * Runs a config's training step on both backends, each in a process of its own, which a library for another processor may
 * kill. They take turns step by step, so that whatever else the machine does slows both; of each the fastest step counts,
 * which was disturbed least.
 */
export async function race(config: Config, baseDir: string): Promise<Record<TrainingBackend, Measured>> {
  const folder = await mkdtemp(join(tmpdir(), "tfjs-vae-race-"));
  return temporarily(folder, async () => {
    const file = join(folder, "config.yaml");
    await writeFile(file, dumpConfig(config, { from: baseDir, to: folder }));
    return raceOf(file);
  });
}

async function raceOf(file: string): Promise<Record<TrainingBackend, Measured>> {
  const runners: Runner[] = [];
  const started = async (backend: TrainingBackend) => {
    const runner = new Runner(file, backend);
    runners.push(runner);
    return (await runner.next("ready")) ?? runner;
  };
  const end = () => {
    for (const runner of runners) runner.end();
  };
  const forget = atEnd(end); // a long step would outlive this process
  try {
    const wasm = await started("wasm"); // one after the other: starting takes all cores
    const tensorflow = await started("tensorflow");
    if (!(wasm instanceof Runner) || !(tensorflow instanceof Runner))
      return { wasm: problemOf(wasm), tensorflow: problemOf(tensorflow) };
    return await rounds(wasm, tensorflow);
  } finally {
    end();
    forget();
  }
}

/** What is known of one backend where the other did not start. */
const problemOf = (started: Runner | { readonly problem: string }): Measured =>
  started instanceof Runner ? Number.NaN : started;

async function rounds(wasm: Runner, tensorflow: Runner): Promise<Record<TrainingBackend, Measured>> {
  const seconds = { wasm: [] as number[], tensorflow: [] as number[] };
  const began = performance.now();
  const spent = () => (performance.now() - began) / 1000;
  for (let round = 0; round < LEAST_ROUNDS || spent() < (round < ROUNDS ? MOST : ENOUGH); round++) {
    for (const runner of [wasm, tensorflow]) {
      const failed = await runner.next("step");
      if (failed !== undefined) return { wasm: Number.NaN, tensorflow: Number.NaN, [runner.backend]: failed };
      seconds[runner.backend].push(runner.seconds);
    }
  }
  return { wasm: Math.min(...seconds.wasm), tensorflow: Math.min(...seconds.tensorflow) };
}

/** A process that steps when it is told to. */
class Runner {
  /** What the last step took. */
  seconds = 0;
  private readonly child: ChildProcess;
  private words = "";

  constructor(
    file: string,
    readonly backend: TrainingBackend,
  ) {
    const bin = fileURLToPath(new URL("../../../bin/vae.js", import.meta.url));
    this.child = fork(bin, [TIME_STEPS, file, backend], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
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
