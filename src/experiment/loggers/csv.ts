import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeAtomic, writeProblem } from "../../atomic_file.ts";
import type { RunState } from "../checkpoint.ts";
import type { Logger, Metrics } from "./logger.ts";

const KEYS = ["step", "epoch"];

/**
 * `metrics.csv`: a row a logged step and a row a validation, a column a metric; a metric that a row lacks is
 * empty. Columns come as their first metric does; the file is then rewritten, which happens twice or so a run.
 */
export class CsvLogger implements Logger {
  private columns: string[] = [];
  private rows: string[] = [];

  private constructor(private readonly file: string) {}

  /**
   * @param resumedAt step of the checkpoint that a resumed run goes on from: rows after it are dropped, since
   *   their steps are trained again
   */
  static async open(file: string, resumedAt?: number): Promise<CsvLogger> {
    const logger = new CsvLogger(file);
    if (resumedAt === undefined || !existsSync(file)) return logger;
    const [header = "", ...rows] = readFileSync(file, "utf8").split("\n");
    logger.columns = header.split(",").slice(KEYS.length);
    logger.rows = rows.filter((row) => row !== "" && Number.parseInt(row, 10) <= resumedAt);
    await writeAtomic(file, logger.text());
    return logger;
  }

  metrics({ step, epoch }: RunState, values: Metrics): void {
    const added = Object.keys(values).filter((name) => !this.columns.includes(name));
    this.columns.push(...added);
    const row = [step, epoch, ...this.columns.map((name) => values[name] ?? "")].join(",");
    this.rows.push(row);
    const append = added.length === 0 && existsSync(this.file);
    try {
      appendFileSync(this.file, append ? `${row}\n` : this.text(), { flag: append ? "a" : "w" });
    } catch (error) {
      throw writeProblem(this.file, error);
    }
  }

  private text(): string {
    const header = [...KEYS, ...this.columns];
    const fill = (row: string) => row + ",".repeat(header.length - row.split(",").length);
    return `${[header.join(","), ...this.rows.map(fill)].join("\n")}\n`;
  }
}
