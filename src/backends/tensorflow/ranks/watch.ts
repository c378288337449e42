import type { Worker } from "node:worker_threads";
import { EngineError, LostRank, UserError } from "../../../errors.ts";
import type { Place } from "../../../process/place.ts";
import { startWorker } from "../../../process/start_worker.ts";
import type { Binding } from "../binding.ts";
import {
  BROKEN,
  FOUND,
  LIMIT,
  PROGRESS,
  STOPPED,
  STUCK,
  seconds,
  type Told,
  type Watched,
} from "./watched.ts";

/** Seconds that a rank waits at its start for the others. */
const START = 600;
/** Milliseconds in which what waits for a lost rank mostly fails. */
const FAILS_WITHIN = 3000;
/** What TensorFlow says where a reduction failed because of another rank. */
const OF_OTHERS =
  /collective|ring(Reduce| )|Connection reset|Socket closed|failed to connect|connections to all backends|RecvBuf|UNAVAILABLE|cancelled/i;

/**
 * Asks the other ranks, from a thread of its own, whether they are there: rank 0 all others, these rank 0. Where one isn't,
 * or nothing gets on for too long, what waits for it fails.
 */
export class RankWatch {
  private readonly worker: Worker;
  private readonly shared = new Int32Array(new SharedArrayBuffer(16));
  private readonly start: Promise<Told>;

  constructor(
    private readonly binding: Binding,
    file: string,
    private readonly place: Place,
  ) {
    const { rank, nodes } = place;
    const watched: Watched = {
      file,
      context: binding.context,
      ranks: rank === 0 ? nodes.map((_, i) => i).slice(1) : [0],
      start: START,
      shared: this.shared,
    };
    this.worker = startWorker(import.meta.url, "./watch_worker", { workerData: watched });
    this.start = new Promise((resolve, reject) => {
      this.worker.on("error", (error: Error) => {
        reject(error);
        this.endWaits(error);
      });
      this.worker.on("message", (told: Told) => {
        resolve(told);
        this.worker.unref();
        if (told.kind === "found")
          setTimeout(() => this.endWaits(new Error("another rank is lost")), FAILS_WITHIN).unref();
      });
    });
    this.start.catch(() => {}); // thrown where it is waited for
  }

  private endWaits(error: Error): void {
    for (const end of this.binding.waits) end(error);
  }

  /** @throws EngineError where a rank isn't there in time */
  async ready(): Promise<void> {
    const start = await this.start;
    if (start.kind !== "absent") return;
    throw new EngineError(
      `rank ${start.rank} at ${this.place.nodes[start.rank]} did not start within ${START} s: expected one process for each of ` +
        `${this.place.nodes.length} ranks, each at an address that the others reach. (${start.why})`,
    );
  }

  /** From now on so many seconds without progress are too long. */
  limit(seconds: number): void {
    this.progress();
    Atomics.store(this.shared, LIMIT, seconds);
  }

  progress(): void {
    Atomics.store(this.shared, PROGRESS, seconds());
  }

  lost(error: unknown): Error | undefined {
    if (error instanceof UserError) return undefined; // this rank's own
    const text = error instanceof Error ? error.message : String(error);
    const { rank, nodes } = this.place;
    const named = (other: number) => `rank ${other} at ${nodes[other]}`;
    const other = nodes.length === 2 ? named(1 - rank) : "another rank";
    const found = Atomics.load(this.shared, FOUND);
    const lost = (what: string) => new LostRank(what, { cause: error });
    if (found > 0) return lost(`${named(found - 1)} does not answer any more`);
    const limit = Atomics.load(this.shared, LIMIT);
    if (found === STUCK)
      return lost(`no step was done in ${limit} s (trainer_params.rank_timeout), so ${other} hangs`);
    if (found !== BROKEN && !OF_OTHERS.test(text)) return undefined;
    Atomics.store(this.shared, FOUND, BROKEN);
    return lost(`${other} has ended, or can't be reached`);
  }

  async stop(): Promise<void> {
    if (Atomics.load(this.shared, FOUND) !== 0) return; // it sees to it that the process ends
    Atomics.store(this.shared, STOPPED, 1);
    Atomics.notify(this.shared, STOPPED);
    await this.worker.terminate();
  }
}
