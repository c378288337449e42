import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { leaves } from "../config/leaves.ts";
import type { Config } from "../config/schema.ts";
import { LAST, type RunFiles, runFiles } from "../experiment/runs/run_files.ts";
import type { RunState } from "../experiment/runs/run_state.ts";
import { termsOf } from "../experiment/runs/summary.ts";
import type { RunInfo } from "./api.ts";
import { BestValues } from "./best_values.ts";
import { Cached } from "./cached.ts";
import { checkpointState } from "./checkpoint_state.ts";
import { jsonNumber } from "./csv_cells.ts";
import { textInside, withFile } from "./inside.ts";
import { LockWatch } from "./lock_watch.ts";
import { type MetricsTail, readTail } from "./metrics_tail.ts";
import { progressOf, statusOf } from "./run_status.ts";

/** A `metrics.csv` of so many bytes is read at once, in a millisecond. */
const INLINE = 1 << 17;

/** What a config tells: as much of it as is well formed. */
interface Read {
  readonly config: Config | undefined;
  readonly settings: RunInfo["settings"];
  /** Names of the model's loss terms; none where it isn't known here. */
  readonly terms: readonly string[];
}

/** A run that is shown, as its files were when they were looked at last. */
export class RunEntry {
  readonly files: RunFiles;
  /** undefined until it is looked at. */
  info: RunInfo | undefined;
  private text = "";
  private readonly lock: LockWatch;
  private readonly config: Cached<Read>;
  private readonly state: Cached<RunState>;
  private readonly tail: Cached<MetricsTail>;
  private readonly best = new BestValues();
  /** The size up to which all of a `metrics.csv` is read for the best of its values. */
  private mostRead = INLINE;

  /** @param root the folder that is shown, without links; `path`, the run's, lies in it */
  constructor(
    readonly id: string,
    readonly root: string,
    readonly path: string,
  ) {
    this.files = runFiles(path);
    const { config, metrics, checkpoints, lock } = this.files;
    const last = join(checkpoints, LAST);
    this.lock = new LockWatch(root, lock);
    this.config = new Cached(config, async () => readConfig(await textInside(root, config)));
    this.state = new Cached(last, () => checkpointState(root, last));
    this.tail = new Cached(metrics, () => withFile(root, metrics, readTail));
  }

  /** Names of the loss terms of its model. */
  get lossTerms(): Promise<readonly string[]> {
    return this.config.get().then((read) => read?.terms ?? []);
  }

  /** Looks at its files; whether what there is to say of it has changed. */
  async refresh(): Promise<boolean> {
    const [sign, read, state, tail] = await Promise.all([
      this.lock.look(),
      this.config.get(),
      this.state.get(),
      this.tail.get(),
    ]);
    const { config, settings = {}, terms = [] } = read ?? {};
    const known = { sign, config, state, tail };
    const progress = progressOf(known);
    const info: RunInfo = {
      id: this.id,
      model: nameOf(config?.model_params),
      data: nameOf(config?.data_params),
      ...statusOf(known),
      step: Math.max(tail?.step ?? 0, state?.step ?? 0),
      epoch: Math.max(tail?.epoch ?? 0, state?.epoch ?? 0),
      ...(progress !== undefined && { progress }),
      changed: await this.changed(),
      settings,
      terms: tail?.terms ?? [],
      last: Object.fromEntries([...(tail?.last ?? [])].map(([name, v]) => [name, jsonNumber(v)])),
      best: Object.fromEntries(await this.bestValues(state, terms)),
    };
    const text = JSON.stringify(info);
    const differs = text !== this.text;
    this.text = text;
    this.info = info;
    return differs;
  }

  /** Has the next look read the whole of `metrics.csv`, where it has so many bytes at most and that is still to do. */
  readWhole(most: number): void {
    this.mostRead = Math.max(this.mostRead, most);
  }

  /** Of all rows, where the file may be read for that; else that by which the best checkpoint was chosen. */
  private async bestValues(state: RunState | undefined, terms: readonly string[]) {
    const found = await withFile(this.root, this.files.metrics, async (handle) => {
      const { size } = await handle.stat();
      return size - this.best.seen <= this.mostRead ? this.best.read(handle, terms) : undefined;
    });
    if (found !== undefined) return found;
    const { monitor, value } = state?.best ?? {};
    return monitor === undefined || !Number.isFinite(value)
      ? new Map<string, number>()
      : new Map([[monitor.replace(/^val\//, ""), value!]]);
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

const nameOf = (section: unknown): string => {
  const name = (section as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? name : "?";
};

function readConfig(text: string | undefined): Read {
  const none: Read = { config: undefined, settings: {}, terms: [] };
  try {
    const config = text === undefined ? undefined : (parse(text) as Config | null);
    if (typeof config !== "object" || config === null) return none;
    return { config, settings: Object.fromEntries(leaves(config)), terms: termsOrNone(config) };
  } catch {
    return none; // damaged by hand
  }
}

function termsOrNone(config: Config): readonly string[] {
  try {
    return termsOf(config);
  } catch {
    return []; // a plugin's
  }
}
