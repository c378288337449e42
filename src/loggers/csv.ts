import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { defineLogger } from "./define.ts";
import type { Logger, Metrics, Place } from "./logger.ts";
import { RowFile } from "./row_file.ts";
import { isKept } from "./rows_kept.ts";

const KEYS = ["step", "epoch"];

/** A table for spreadsheets, pandas and `vae ui`. */
export const csv = defineLogger({
  name: "csv",
  summary: "metrics.csv in the run's folder, which vae ui, vae runs and vae compare read.",
  params: Type.Object({}),
  open: async (_, { folder, resumedAt }) => CsvLogger.open(join(folder, "metrics.csv"), resumedAt),
});

/**
 * `metrics.csv`: a row a logged step and a row a validation, a column a metric; a metric that a row lacks is
 * empty. Columns come as their first metric does; the file is then rewritten, which happens twice or so a run.
 */
export class CsvLogger implements Logger {
  private columns: string[] = [];
  private rows: string[] = [];
  private readonly file: RowFile;

  private constructor(path: string) {
    this.file = new RowFile(path, () => this.text());
  }

  /** @param resumedAt where a resumed run goes on: rows that it writes again are dropped */
  static open(file: string, resumedAt?: Place): CsvLogger {
    const logger = new CsvLogger(file);
    if (resumedAt === undefined || !existsSync(file)) return logger;
    const [header = "", ...rows] = readFileSync(file, "utf8").split("\n");
    logger.columns = header.split(",").slice(KEYS.length);
    logger.rows = rows.filter((row) => {
      const [step, epoch] = row.split(",", 2).map(Number) as [number, number];
      return row !== "" && isKept({ step, epoch }, logger.valuesOf(row), resumedAt);
    });
    logger.file.rewrite();
    return logger;
  }

  metrics({ step, epoch }: Place, values: Metrics): void {
    const added = Object.keys(values).filter((name) => !this.columns.includes(name));
    this.columns.push(...added);
    const row = [step, epoch, ...this.columns.map((name) => values[name] ?? "")].join(",");
    this.rows.push(row);
    if (added.length > 0) this.file.rewrite();
    else this.file.append(`${row}\n`);
  }

  at(step: number): Metrics | undefined {
    const row = this.rows.at(-1);
    return row !== undefined && Number(row.split(",", 1)) === step ? this.valuesOf(row) : undefined;
  }

  private valuesOf(row: string): Metrics {
    const cells = row.split(",").slice(KEYS.length);
    const given = this.columns.map((name, i) => [name, cells[i] ?? ""] as const).filter(([, v]) => v !== "");
    return Object.fromEntries(given.map(([name, value]) => [name, Number(value)]));
  }

  flush(): void {
    if (this.rows.length > 0) this.file.flush();
  }

  renew(): void {
    this.file.rewrite();
  }

  private text(): string {
    const header = [...KEYS, ...this.columns];
    const fill = (row: string) => row + ",".repeat(header.length - row.split(",").length);
    return `${[header.join(","), ...this.rows.map(fill)].join("\n")}\n`;
  }
}
