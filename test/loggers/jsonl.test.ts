import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { JsonLinesLogger } from "../../src/loggers/jsonl.ts";

const newFile = () => join(mkdtempSync(join(tmpdir(), "vae-jsonl-")), "metrics.jsonl");
const at = (step: number, epoch = 0, ended = step) => ({ step, epoch, ended });
const rows = (file: string) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it("an object a line, with the step, the epoch, the time and the metrics", () => {
  const file = newFile();
  const log = JsonLinesLogger.open(file);
  const before = Date.now() / 1000;
  log.metrics(at(1), { "train/total": 2.5, "train/kl": Number.NaN });
  log.metrics(at(1, 1), { "val/total": Number.NEGATIVE_INFINITY });
  const [first, second] = rows(file);
  expect(first).toMatchObject({ step: 1, epoch: 0, "train/total": 2.5, "train/kl": "NaN" });
  expect(first!.time).toBeGreaterThanOrEqual(before);
  expect(second).toMatchObject({ step: 1, epoch: 1, "val/total": "-Infinity" });
  expect(log.at(1)).toEqual({ "val/total": Number.NEGATIVE_INFINITY });
  expect(log.at(2)).toBeUndefined();
});

it("a resumed run drops what it writes again, and a line that a crash has cut", () => {
  const file = newFile();
  const log = JsonLinesLogger.open(file);
  for (const step of [5, 10, 15]) log.metrics(at(step), { a: step });
  appendFileSync(file, '{"step":10,"ep');
  const resumed = JsonLinesLogger.open(file, at(10));
  resumed.metrics(at(15), { a: 16 });
  expect(rows(file).map(({ step, a }) => [step, a])).toEqual([
    [5, 5],
    [10, 10],
    [15, 16],
  ]);
});

it("a folder that was deleted and is there again gets all rows", () => {
  const file = newFile();
  const log = JsonLinesLogger.open(file);
  log.metrics(at(1), { a: 1 });
  rmSync(file);
  log.metrics(at(2), { a: 2 });
  expect(rows(file).map(({ step }) => step)).toEqual([1, 2]);
});
