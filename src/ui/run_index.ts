import { relative, sep } from "node:path";
import type { RunInfo, RunList } from "./api.ts";
import { type Direction, directionOf } from "./best_values.ts";
import { RunEntry } from "./run_entry.ts";
import { walkRuns } from "./walk.ts";

/** So many runs are looked at at once. */
const AT_ONCE = 16;
const READ_ON_MS = 150;

/** The runs of a folder, by id. Only what is in here can be asked for: no path comes from a request. */
export class RunIndex {
  private readonly entries = new Map<string, RunEntry>();

  /** @param root the folder that is shown, without links in its path */
  constructor(readonly root: string) {}

  get byId(): ReadonlyMap<string, RunInfo> {
    return new Map(this.infos.map((info) => [info.id, info]));
  }

  /** The run of an id, looked at; undefined where there is none. */
  async find(id: string): Promise<RunEntry | undefined> {
    if (!this.entries.has(id)) await this.search();
    const entry = this.entries.get(id);
    if (entry?.info === undefined) await entry?.refresh();
    return entry;
  }

  /** Those that have been looked at, in order of path. */
  get infos(): RunInfo[] {
    return [...this.entries.values()].flatMap(({ info }) => info ?? []);
  }

  /** Finds runs that are new and forgets those that are gone. */
  async search(): Promise<void> {
    const paths = await walkRuns(this.root);
    const before = new Map(this.entries);
    this.entries.clear(); // filled again in order
    for (const path of paths) {
      const id = relative(this.root, path).replaceAll(sep, "/") || ".";
      this.entries.set(id, before.get(id) ?? new RunEntry(id, this.root, path));
    }
  }

  /** Looks at the runs for which `which` holds. */
  async refresh(which: (info: RunInfo | undefined) => boolean = () => true): Promise<void> {
    const queue = [...this.entries.values()].filter(({ info }) => which(info));
    const work = async () => {
      // Files may be like no run's: the others are shown.
      for (let entry = queue.pop(); entry !== undefined; entry = queue.pop())
        await entry.refresh().catch(() => {});
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Reads on for the best values of runs whose files were left for later, for some milliseconds. */
  async readOn(): Promise<void> {
    const began = performance.now();
    for (const entry of this.entries.values()) {
      if (performance.now() - began > READ_ON_MS) return;
      if (entry.hasMore) await entry.readOn();
    }
  }

  /** Which way is better, of the metrics of `runs`. */
  async better(runs: readonly RunInfo[]): Promise<RunList["better"]> {
    const found = new Map<string, Direction>();
    for (const { id, last } of runs) {
      const terms = (await this.entries.get(id)?.lossTerms) ?? [];
      for (const name of Object.keys(last)) if (!found.get(name)) found.set(name, directionOf(name, terms));
    }
    return Object.fromEntries(found);
  }
}
