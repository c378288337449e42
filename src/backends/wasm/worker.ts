import { workerData } from "node:worker_threads";
import type { Binary } from "./binary.ts";
import { Control, type KernelFunction, OPEN, Word } from "./control.ts";
import { instantiate } from "./instantiate.ts";

export interface WorkerArgs {
  readonly binary: Binary;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  /** 1 …: which scratch memory is this thread's. */
  readonly thread: number;
  /** Names of the kernels, in the order of their numbers. */
  readonly names: readonly string[];
}

/** How often to look for a job before sleeping: about 0.1 ms, longer than tfjs takes between two kernels. */
const SPINS = 10_000;

const { binary, memory, control: buffer, thread, names } = workerData as WorkerArgs;
const exports = instantiate(binary, memory, thread);
const control = new Control(buffer);
const words = control.words;

for (let seen = 0; ; ) {
  const generation = awaitJob(seen);
  seen = join() ? work() : generation;
}

function awaitJob(seen: number): number {
  for (let i = 0; i < SPINS; i++) {
    const now = Atomics.load(words, Word.GENERATION);
    if (now !== seen) return now;
  }
  Atomics.add(words, Word.SLEEPERS, 1);
  Atomics.wait(words, Word.GENERATION, seen);
  Atomics.sub(words, Word.SLEEPERS, 1);
  return Atomics.load(words, Word.GENERATION);
}

/** Enters the job that is open; from then on the main thread waits for this one. */
function join(): boolean {
  for (;;) {
    const state = Atomics.load(words, Word.STATE);
    if ((state & OPEN) === 0) return false;
    if (Atomics.compareExchange(words, Word.STATE, state, state + 1) === state) return true;
  }
}

function work(): number {
  const generation = Atomics.load(words, Word.GENERATION);
  const { index, args } = control.getJob();
  try {
    control.runChunks(exports[names[index]!] as KernelFunction, args);
  } catch (error) {
    control.fail(error);
  }
  const left = Atomics.sub(words, Word.STATE, 1) - 1;
  if (left === 0) Atomics.notify(words, Word.STATE);
  return generation;
}
