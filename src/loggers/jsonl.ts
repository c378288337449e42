import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { defineLogger } from "./define.ts";
import { fromJson, type JsonNumber, toJson } from "./json_numbers.ts";
import type { Logger, Metrics, Place } from "./logger.ts";
import { RowFile } from "./row_file.ts";
import { isKept } from "./rows_kept.ts";

export const jsonl = defineLogger({
  name: "jsonl",
  summary: "metrics.jsonl in the run's folder: a JSON object a line, with step, epoch, time and the metrics.",
  params: Type.Object({}),
  open: async (_, { folder, resumedAt }) => JsonLinesLogger.open(join(folder, "metrics.jsonl"), resumedAt),
});

interface Row {
  readonly step: number;
  readonly epoch: number;
  readonly time: number;
  readonly [metric: string]: JsonNumber;
}

/**
 * `metrics.jsonl`: a line a logged step and a line a validation, `{"step", "epoch", "time", "train/kl", …}`, time in
 * seconds since 1970. What JSON has no number for is the text "NaN", "Infinity" or "-Infinity".
 */
export class JsonLinesLogger implements Logger {
  private readonly file: RowFile;

  private constructor(
    path: string,
    private readonly lines: string[],
  ) {
    this.file = new RowFile(path, () => this.lines.map((line) => `${line}\n`).join(""));
  }

  /** @param resumedAt where a resumed run goes on: lines that it writes again, and one cut short, are dropped */
  static open(file: string, resumedAt?: Place): JsonLinesLogger {
    if (resumedAt === undefined || !existsSync(file)) return new JsonLinesLogger(file, []);
    const lines = readFileSync(file, "utf8").split("\n");
    const kept = lines.filter((line) => {
      const row = parsed(line);
      return row !== undefined && isKept(row, metricsOf(row), resumedAt);
    });
    const logger = new JsonLinesLogger(file, kept);
    logger.file.rewrite();
    return logger;
  }

  metrics({ step, epoch }: Place, values: Metrics): void {
    const line = JSON.stringify({ step, epoch, time: Date.now() / 1000, ...toJson(values) });
    this.lines.push(line);
    this.file.append(`${line}\n`);
  }

  at(step: number): Metrics | undefined {
    const row = parsed(this.lines.at(-1) ?? "");
    return row?.step === step ? metricsOf(row) : undefined;
  }

  flush(): void {
    if (this.lines.length > 0) this.file.flush();
  }

  renew(): void {
    this.file.rewrite();
  }
}

function parsed(line: string): Row | undefined {
  try {
    const row = JSON.parse(line) as Row;
    return Number.isInteger(row.step) && Number.isInteger(row.epoch) ? row : undefined;
  } catch {
    return undefined;
  }
}

function metricsOf({ step: _, epoch: __, time: ___, ...values }: Row): Metrics {
  return fromJson(values);
}
