import { type FileHandle, stat } from "node:fs/promises";
import { join } from "node:path";
import { LAST, type RunFiles, runFiles } from "../experiment/runs/run_files.ts";
import type { RunState } from "../experiment/runs/run_state.ts";
import type { RunInfo } from "./api.ts";
import { BestValues } from "./best_values.ts";
import { Cached } from "./cached.ts";
import { checkpointState } from "./checkpoint_state.ts";
import { jsonNumber } from "./csv_cells.ts";
import { textInside, withFile } from "./inside.ts";
import { LockWatch } from "./lock_watch.ts";
import { type MetricsTail, readTail } from "./metrics_tail.ts";
import { nameOf, type ReadConfig, readConfig } from "./run_config.ts";
import { progressOf, statusOf } from "./run_status.ts";

/** So many bytes more of a `metrics.csv` are read at each look, in a millisecond. */
const AT_ONCE = 1 << 17;
/** So many are read later, though nobody asked for the run's curves. */
const UNASKED = 4 << 20;

/** A run that is shown, as its files were when they were looked at last. */
export class RunEntry {
  readonly files: RunFiles;
  /** undefined until it is looked at; another object when what there is to say has changed. */
  info: RunInfo | undefined;
  private text = "";
  private readonly lock: LockWatch;
  private readonly config: Cached<ReadConfig>;
  private readonly state: Cached<RunState>;
  private readonly tail: Cached<MetricsTail>;
  private readonly failure: Cached<string>;
  private readonly best = new BestValues();
  /** Bytes of `metrics.csv` that are not read for that. */
  private behind = 0;
  /** Whether its curves were asked for. */
  isAsked = false;

  /** @param root the folder that is shown, without links; `path`, the run's, lies in it */
  constructor(
    readonly id: string,
    readonly root: string,
    readonly path: string,
  ) {
    this.files = runFiles(path);
    const { config, metrics, checkpoints, failure, lock } = this.files;
    const last = join(checkpoints, LAST);
    this.lock = new LockWatch(root, lock);
    this.config = new Cached(config, async () => readConfig(await textInside(root, config)));
    this.state = new Cached(last, () => checkpointState(root, last));
    this.failure = new Cached(failure, () => textInside(root, failure));
    this.tail = new Cached(metrics, () => withFile(root, metrics, (handle) => this.readMetrics(handle)));
  }

  /** Names of the loss terms of its model. */
  get lossTerms(): Promise<readonly string[]> {
    return this.config.get().then((read) => read?.terms ?? []);
  }

  /** Files of plugins that its config names. */
  get plugins(): Promise<readonly string[]> {
    return this.config.get().then((read) => read?.config?.plugins ?? []);
  }

  /** Looks at its files. */
  async refresh(): Promise<void> {
    const [sign, read, state, tail, failure] = await Promise.all([
      this.lock.look(),
      this.config.get(),
      this.state.get(),
      this.tail.get(),
      this.failure.get(),
    ]);
    const { config, settings = {} } = read ?? {};
    const known = { sign, config, state, tail, failure };
    const progress = progressOf(known);
    const info: RunInfo = {
      id: this.id,
      model: nameOf(config?.model_params),
      data: nameOf(config?.data_params),
      ...statusOf(known),
      step: highest(tail?.step, state?.step),
      epoch: highest(tail?.epoch, state?.epoch),
      ...(progress !== undefined && { progress }),
      changed: await this.changed(),
      settings,
      terms: tail?.terms ?? [],
      last: Object.fromEntries([...(tail?.last ?? [])].map(([name, v]) => [name, jsonNumber(v)])),
      best: Object.fromEntries(this.bestValues(state)),
    };
    const text = JSON.stringify(info);
    if (text === this.text) return;
    this.text = text;
    this.info = info;
  }

  /** Whether there is more to read for the best of its values than a look takes the time for. */
  get hasMore(): boolean {
    return this.behind > 0 && (this.isAsked || this.behind <= UNASKED);
  }

  /** Reads that. */
  async readOn(): Promise<void> {
    await withFile(this.root, this.files.metrics, async (handle) =>
      this.best.read(handle, await this.lossTerms),
    );
    this.behind = 0; // what comes meanwhile is seen at the next look
    await this.refresh();
  }

  /** The end of `metrics.csv`, and the best of its values where there isn't much to read for that. */
  private async readMetrics(handle: FileHandle): Promise<MetricsTail> {
    this.behind = (await handle.stat()).size - this.best.seen;
    if (this.behind <= AT_ONCE) {
      await this.best.read(handle, await this.lossTerms);
      this.behind = 0;
    }
    return readTail(handle);
  }

  /** Of all rows, where these are read; else that by which the best checkpoint was chosen. */
  private bestValues(state: RunState | undefined): ReadonlyMap<string, number> {
    if (this.best.seen > 0) return this.best.values;
    const { monitor, value } = state?.best ?? {};
    if (typeof monitor !== "string" || !Number.isFinite(value)) return new Map();
    return new Map([[monitor.replace(/^val\//, ""), value!]]);
  }

  private async changed(): Promise<number> {
    const { metrics, config } = this.files;
    for (const file of [metrics, config]) {
      const info = await stat(file).catch(() => undefined);
      if (info !== undefined) return Math.round(info.mtimeMs);
    }
    return 0;
  }
}

/** Of counts that files give, which may hold anything. */
const highest = (...counts: unknown[]): number =>
  Math.max(0, ...counts.filter((n): n is number => typeof n === "number" && Number.isFinite(n)));
