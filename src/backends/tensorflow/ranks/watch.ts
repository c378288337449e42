import type { Worker } from "node:worker_threads";
import { EngineError, LostRank } from "../../../errors.ts";
import type { Place } from "../../../process/place.ts";
import { startWorker } from "../../../process/start_worker.ts";
import type { Binding } from "../binding.ts";
import { type Finding, LIMIT, PROGRESS, STOPPED, seconds, type Watched } from "./watched.ts";

/** Seconds that a rank waits at its start for the others. */
const START = 600;
/** What TensorFlow says where a reduction failed because of another rank. */
const OF_OTHERS =
  /collective|ring(Reduce| )|Connection reset|Socket closed|failed to connect|connections to all backends|RecvBuf|UNAVAILABLE|cancelled/i;

/**
 * Asks the other ranks, from a thread of its own, whether they are there: rank 0 all others, these rank 0. Where one isn't,
 * or nothing gets on for too long, what waits for it fails.
 */
export class RankWatch {
  private readonly worker: Worker;
  private readonly shared = new Int32Array(new SharedArrayBuffer(12));
  private readonly up: Promise<Finding>;
  private found: Finding | undefined;

  constructor(
    binding: Binding,
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
    this.worker.unref();
    this.up = new Promise((resolve, reject) => {
      this.worker.on("error", reject);
      this.worker.on("message", (finding: Finding) => {
        if (finding.kind !== "up") this.found = finding;
        resolve(finding);
      });
    });
  }

  /** @throws EngineError where a rank isn't there in time */
  async ready(): Promise<void> {
    const finding = await this.up;
    if (finding.kind !== "absent") return;
    throw new EngineError(
      `rank ${finding.rank} at ${this.place.nodes[finding.rank]} did not start within ${START} s: expected one process for each of ` +
        `${this.place.nodes.length} ranks, each at an address that the others reach. (${finding.why})`,
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
    const text = error instanceof Error ? error.message : String(error);
    const { rank, nodes } = this.place;
    if (this.found?.kind === "lost")
      return new LostRank(`rank ${this.found.rank} at ${nodes[this.found.rank]} does not answer any more`, {
        cause: error,
      });
    const others = nodes.length === 2 ? `rank ${1 - rank} at ${nodes[1 - rank]}` : "another rank";
    if (this.found?.kind === "stuck") {
      const limit = Atomics.load(this.shared, LIMIT);
      return new LostRank(`no step was done in ${limit} s (trainer_params.rank_timeout): ${others} hangs`, {
        cause: error,
      });
    }
    if (!OF_OTHERS.test(text)) return undefined;
    return new LostRank(`${others} has ended, or can't be reached`, { cause: error });
  }

  async stop(): Promise<void> {
    Atomics.store(this.shared, STOPPED, 1);
    Atomics.notify(this.shared, STOPPED);
    await this.worker.terminate();
  }
}
