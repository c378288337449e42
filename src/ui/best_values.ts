import type { FileHandle } from "node:fs/promises";
import { betterOf } from "../metrics/table.ts";
import { CsvPlace } from "./csv_place.ts";
import { scanRows } from "./csv_scan.ts";

/** -1: the lower the better, 1: the higher, 0: neither. */
export type Direction = -1 | 0 | 1;

/** Which value of a validation metric is better; `terms` are the names of the model's loss terms. */
export function directionOf(name: string, terms: readonly string[]): Direction {
  const better = betterOf(name, terms);
  return better === "higher" ? 1 : better === "lower" ? -1 : 0;
}

/** The best value of each validation metric of a run, from all rows of its `metrics.csv`; each row is read once. */
export class BestValues {
  private place: CsvPlace | undefined;
  private best = new Map<string, number>();

  /** By name without `val/`, of the rows that were read. */
  get values(): ReadonlyMap<string, number> {
    return this.best;
  }

  /** Bytes of the file that it has seen. */
  get seen(): number {
    return this.place?.end ?? 0;
  }

  /** Reads the rows that were added; `terms` are the names of the model's loss terms. */
  async read(handle: FileHandle, terms: readonly string[]): Promise<void> {
    if (this.place === undefined || !(await this.place.holds(handle))) {
      this.place = await CsvPlace.of(handle);
      this.best = new Map();
    }
    const { place, best } = this;
    const wanted = place.columns.flatMap((column, at) => {
      const name = column.slice(4);
      const direction = column.startsWith("val/") ? directionOf(name, terms) : 0;
      return direction === 0 ? [] : [{ name, at, direction }];
    });
    const { size } = await handle.stat();
    const columns = wanted.map(({ at }) => at);
    const end = await scanRows(handle, [place.end, size], columns, (values, filled) => {
      for (let i = 0; i < wanted.length; i++) {
        const value = values[i]!;
        if (!filled[i] || !Number.isFinite(value)) continue;
        const { name, direction } = wanted[i]!;
        const before = best.get(name);
        if (before === undefined || direction * value > direction * before) best.set(name, value);
      }
    });
    place.move(end);
  }
}
