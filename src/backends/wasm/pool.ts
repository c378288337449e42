import type { Binary } from "./binary.ts";
import { Control, type KernelFunction, OPEN, Word } from "./control.ts";
import { instantiate } from "./instantiate.ts";
import type { SharedMemory } from "./memory.ts";
import type { WorkerArgs } from "./serve.ts";
import { startThread, type Thread } from "./threads.ts";

/** How often the main thread looks whether the workers are done before it sleeps. */
const SPINS = 20_000;

/**
 * The threads, of which the caller is one. A job's chunks are taken by whoever is free and don't depend on the
 * number of threads, so neither do the results. The workers end with the process.
 */
export class Pool {
  /** Of several: a page that is not cross-origin isolated has no memory to share. */
  private readonly control: Control | undefined;
  private readonly exports: WebAssembly.Exports;
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly workers: readonly Thread[];
  private scratchAt = 0;
  private scratchBytes = 0;
  private broken: Error | undefined;

  constructor(
    readonly binary: Binary,
    private readonly memory: SharedMemory,
    readonly threads: number,
  ) {
    this.control = threads > 1 ? new Control() : undefined;
    this.exports = instantiate(binary, memory.wasm, 0);
    const names = Object.keys(this.exports);
    this.numbers = new Map(names.map((name, i) => [name, i]));
    this.workers = Array.from({ length: threads - 1 }, (_, i) => {
      const args: WorkerArgs = {
        binary,
        memory: memory.wasm,
        control: this.control!.buffer,
        thread: i + 1,
        names,
      };
      return startThread(args, (error) => {
        this.broken = error;
      });
    });
  }

  /**
   * Calls `kernel(...args, from, to)` until [0, total) is done, in chunks of `grain`, on all threads.
   *
   * @throws Error of any thread
   */
  run(kernel: string, args: readonly number[], total: number, grain: number): void {
    const f = this.exports[kernel] as KernelFunction;
    if (total <= grain) {
      if (total > 0) f(...args, 0, total);
      return;
    }
    if (this.threads === 1) {
      for (let from = 0; from < total; from += grain) f(...args, from, Math.min(total, from + grain));
      return;
    }
    this.runTogether(f, this.numbers.get(kernel)!, args, total, grain);
  }

  /** The address of scratch memory, and the bytes between one thread's and the next one's. */
  scratch(bytes: number): readonly [at: number, stride: number] {
    const stride = Math.ceil(bytes / 4096) * 4096 + 128;
    if (stride > this.scratchBytes) {
      if (this.scratchAt !== 0) this.memory.release(this.scratchAt);
      this.scratchAt = 0;
      this.scratchBytes = 0;
      this.scratchAt = this.memory.allocate(stride * this.threads);
      this.scratchBytes = stride;
    }
    return [this.scratchAt, this.scratchBytes];
  }

  /** Ends the workers. */
  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private runTogether(
    f: KernelFunction,
    index: number,
    args: readonly number[],
    total: number,
    grain: number,
  ) {
    const control = this.control!;
    const { words } = control;
    if (this.broken !== undefined) throw this.broken;
    control.setJob(index, args, total, grain);
    Atomics.store(words, Word.STATE, OPEN);
    Atomics.add(words, Word.GENERATION, 1);
    if (Atomics.load(words, Word.SLEEPERS) > 0) Atomics.notify(words, Word.GENERATION);
    try {
      control.runChunks(f, args);
    } finally {
      Atomics.and(words, Word.STATE, ~OPEN);
      this.awaitWorkers();
    }
    const failure = control.takeFailure();
    if (failure !== undefined) throw new Error(`a worker thread of the wasm backend failed: ${failure}`);
  }

  private awaitWorkers(): void {
    const { words } = this.control!;
    for (let i = 0; ; i++) {
      const state = Atomics.load(words, Word.STATE);
      if (state === 0) return;
      if (i > SPINS) Atomics.wait(words, Word.STATE, state, 100);
    }
  }
}
