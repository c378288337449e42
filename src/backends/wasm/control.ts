/** How the threads agree, in words of a shared Int32Array, and how a job is handed over. */
export const Word = {
  /** Counts jobs; workers sleep on it. */
  GENERATION: 0,
  /** OPEN while a job can be joined, plus the number of workers in it. */
  STATE: 1,
  /** The next chunk that nobody has taken. */
  NEXT: 2,
  SLEEPERS: 3,
  FAILED: 4,
  FUNCTION: 5,
  ARGUMENTS: 6,
  TOTAL: 7,
  GRAIN: 8,
} as const;

export const OPEN = 1 << 30;
const ARGUMENTS_AT = 64;
const MOST_ARGUMENTS = 40;
const TEXT_AT = ARGUMENTS_AT + 8 * MOST_ARGUMENTS;
const TEXT_BYTES = 1024;

export type KernelFunction = (...args: number[]) => void;

export class Control {
  readonly words: Int32Array;
  private readonly args: Float64Array;
  private readonly text: Uint8Array;

  constructor(readonly buffer = new SharedArrayBuffer(TEXT_AT + TEXT_BYTES)) {
    this.words = new Int32Array(buffer, 0, ARGUMENTS_AT / 4);
    this.args = new Float64Array(buffer, ARGUMENTS_AT, MOST_ARGUMENTS);
    this.text = new Uint8Array(buffer, TEXT_AT, TEXT_BYTES);
  }

  setJob(index: number, args: readonly number[], total: number, grain: number): void {
    if (args.length > MOST_ARGUMENTS) throw new Error(`a kernel takes ${MOST_ARGUMENTS} arguments at most`);
    const w = this.words;
    w[Word.FUNCTION] = index;
    w[Word.ARGUMENTS] = args.length;
    w[Word.TOTAL] = total;
    w[Word.GRAIN] = grain;
    for (let i = 0; i < args.length; i++) this.args[i] = args[i]!;
    Atomics.store(w, Word.FAILED, 0);
    Atomics.store(w, Word.NEXT, 0);
  }

  getJob(): { index: number; args: number[] } {
    const w = this.words;
    return { index: w[Word.FUNCTION]!, args: Array.from(this.args.subarray(0, w[Word.ARGUMENTS])) };
  }

  /** Calls `kernel(...args, from, to)` for chunk after chunk until none is left. */
  runChunks(kernel: KernelFunction, args: readonly number[]): void {
    const total = this.words[Word.TOTAL]!;
    const grain = this.words[Word.GRAIN]!;
    for (;;) {
      const from = Atomics.add(this.words, Word.NEXT, 1) * grain;
      if (from >= total) return;
      kernel(...args, from, Math.min(total, from + grain));
    }
  }

  fail(error: unknown): void {
    const bytes = new TextEncoder().encode(
      error instanceof Error ? (error.stack ?? error.message) : `${error}`,
    );
    const kept = bytes.subarray(0, TEXT_BYTES - 1);
    this.text.fill(0);
    this.text.set(kept);
    Atomics.store(this.words, Word.FAILED, 1);
  }

  /** The text of a worker's error, once. */
  takeFailure(): string | undefined {
    if (Atomics.load(this.words, Word.FAILED) === 0) return undefined;
    Atomics.store(this.words, Word.FAILED, 0);
    return new TextDecoder().decode(this.text.slice(0, this.text.indexOf(0)));
  }
}
