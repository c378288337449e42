import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { writeAtomicSync, writeProblem } from "../../../files/atomic_file.ts";
import type { RunState } from "../../runs/run_state.ts";
import type { Logger, Metrics } from "./logger.ts";

const KEYS = ["step", "epoch"];

/** Where a resumed run goes on. */
type Place = Pick<RunState, "step" | "epoch" | "ended">;

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

  /**
   * @param resumedAt where the checkpoint stood that a resumed run goes on from: rows after it are dropped, since
   *   their steps are trained, and their epochs validated, again; so is a validation after its very step, where that is
   *   still to come
   */
  static open(file: string, resumedAt?: Place): CsvLogger {
    const logger = new CsvLogger(file);
    if (resumedAt === undefined || !existsSync(file)) return logger;
    const [header = "", ...rows] = readFileSync(file, "utf8").split("\n");
    logger.columns = header.split(",").slice(KEYS.length);
    logger.rows = rows.filter((row) => {
      const [step, epoch] = row.split(",", 2).map(Number) as [number, number];
      if (row === "" || step > resumedAt.step || epoch > resumedAt.epoch) return false;
      const again = step === resumedAt.step && resumedAt.ended < step;
      return !(again && Object.keys(logger.valuesOf(row)).some((name) => name.startsWith("val/")));
    });
    logger.rewrite();
    return logger;
  }

  metrics({ step, epoch }: RunState, values: Metrics): void {
    const added = Object.keys(values).filter((name) => !this.columns.includes(name));
    this.columns.push(...added);
    const row = [step, epoch, ...this.columns.map((name) => values[name] ?? "")].join(",");
    this.rows.push(row);
    if (!this.whole || added.length > 0 || !existsSync(this.file)) this.rewrite();
    else this.append(`${row}\n`);
  }

  /** The metrics of the last row, where it is of `step`. */
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
