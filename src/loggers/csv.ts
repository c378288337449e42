import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { writeAtomicSync, writeProblem } from "../files/atomic_file.ts";
import { defineLogger } from "./define.ts";
import type { Logger, Metrics, Place } from "./logger.ts";
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
 * empty. Columns come as their first metric does; the file is then rewritten, which happens twice or so a run, and
 * after a row that could not be written, so that none is missing or half there.
 */
export class CsvLogger implements Logger {
  private columns: string[] = [];
  private rows: string[] = [];
  /** Whether the file holds all rows. */
  private whole = false;

  private constructor(private readonly file: string) {}

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
    logger.rewrite();
    return logger;
  }

  metrics({ step, epoch }: Place, values: Metrics): void {
    const added = Object.keys(values).filter((name) => !this.columns.includes(name));
    this.columns.push(...added);
    const row = [step, epoch, ...this.columns.map((name) => values[name] ?? "")].join(",");
    this.rows.push(row);
    if (!this.whole || added.length > 0 || !existsSync(this.file)) this.rewrite();
    else this.append(`${row}\n`);
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
    if (this.rows.length === 0) return;
    if (!this.whole || !existsSync(this.file)) this.rewrite();
    try {
      const fd = openSync(this.file, "r+");
      fsyncSync(fd);
      closeSync(fd);
    } catch (error) {
      throw writeProblem(this.file, error);
    }
  }

  renew(): void {
    this.rewrite();
  }

  private append(row: string): void {
    this.whole = false; // a full disk may take half a row
    try {
      appendFileSync(this.file, row);
    } catch (error) {
      throw writeProblem(this.file, error);
    }
    this.whole = true;
  }

  private rewrite(): void {
    this.whole = false;
    writeAtomicSync(this.file, this.text());
    this.whole = true;
  }

  private text(): string {
    const header = [...KEYS, ...this.columns];
    const fill = (row: string) => row + ",".repeat(header.length - row.split(",").length);
    return `${[header.join(","), ...this.rows.map(fill)].join("\n")}\n`;
  }
}
