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

/** The kernels' threads but the main one: takes part in its jobs, for ever. */
export function serve({ binary, memory, control: buffer, thread, names }: WorkerArgs): never {
  const exports = instantiate(binary, memory, thread);
  const kernels = names.map((name) => exports[name] as KernelFunction);
  const control = new Control(buffer);
  for (let seen = 0; ; ) {
    const generation = awaitJob(control.words, seen);
    seen = join(control.words) ? work(control, kernels) : generation;
  }
}

function awaitJob(words: Int32Array, seen: number): number {
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
function join(words: Int32Array): boolean {
  for (;;) {
    const state = Atomics.load(words, Word.STATE);
    if ((state & OPEN) === 0) return false;
    if (Atomics.compareExchange(words, Word.STATE, state, state + 1) === state) return true;
  }
}

function work(control: Control, kernels: readonly KernelFunction[]): number {
  const { words } = control;
  const generation = Atomics.load(words, Word.GENERATION);
  const { index, args } = control.getJob();
  try {
    control.runChunks(kernels[index]!, args);
  } catch (error) {
    control.fail(error);
  }
  const left = Atomics.sub(words, Word.STATE, 1) - 1;
  if (left === 0) Atomics.notify(words, Word.STATE);
  return generation;
}
