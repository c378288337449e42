import type { Series } from "./api.ts";
import { curveOf, type HowToDraw } from "./curve.ts";
import { MetricsFile } from "./metrics_file.ts";
import type { RunEntry } from "./run_entry.ts";

/** Most that is kept of files that were read, in bytes. */
const MOST_BYTES = 128 << 20;

/** Curves of runs; what was read for them is kept, those of the runs that were asked for last. */
export class SeriesReader {
  private readonly files = new Map<string, MetricsFile>();

  /** Curves of those of `terms` that the run has. */
  async read(entry: RunEntry, terms: readonly string[], how: Omit<HowToDraw, "batch">): Promise<Series[]> {
    const file = this.fileOf(entry);
    const table = await file.table(terms);
    const batch = imagesAStep(entry);
    const found = terms.flatMap((term): Series[] => {
      const column = table?.columns.get(term);
      if (table === undefined || column === undefined || column.rows.length === 0) return [];
      const smoothing = term.startsWith("val/") ? 0 : how.smoothing; // few, each of all images: nothing to smooth
      return [{ run: entry.id, term, ...curveOf(table, column, { ...how, smoothing, batch }) }];
    });
    this.dropOldest();
    return found;
  }

  private fileOf({ id, root, files }: RunEntry): MetricsFile {
    const file = this.files.get(id) ?? new MetricsFile(root, files.metrics);
    this.files.delete(id);
    this.files.set(id, file); // the last one asked for is the last one
    return file;
  }

  private dropOldest(): void {
    let bytes = [...this.files.values()].reduce((sum, file) => sum + file.bytes, 0);
    for (const [id, file] of this.files) {
      if (bytes <= MOST_BYTES || this.files.size === 1) return;
      bytes -= file.bytes;
      this.files.delete(id);
    }
  }
}

function imagesAStep({ info }: RunEntry): number {
  const of = (key: string) => {
    const value = info?.settings[key];
    return typeof value === "number" ? value : 1;
  };
  return of("data_params.train_batch_size") * of("trainer_params.accumulate_grad_batches");
}
