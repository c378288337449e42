import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { newRunState } from "../../src/experiment/runs/run_state.ts";
import { CsvLogger } from "../../src/loggers/csv.ts";

const newFile = () => join(mkdtempSync(join(tmpdir(), "tfjs-vae-csv-")), "metrics.csv");
const at = (step: number, epoch = 0) => ({ ...newRunState(), step, epoch });
const lines = (file: string) => readFileSync(file, "utf8").trimEnd().split("\n");

it("a column a metric, a row a call, empty where a row lacks the metric", async () => {
  const file = newFile();
  const log = CsvLogger.open(file);
  log.metrics(at(1), { "train/total": 2.5, "train/kl": 0 });
  log.metrics(at(1, 1), { "val/total": 1e-9 });
  log.metrics(at(2, 1), { "train/kl": 3, "train/total": 4 });
  expect(lines(file)).toEqual([
    "step,epoch,train/total,train/kl,val/total",
    "1,0,2.5,0,",
    "1,1,,,1e-9",
    "2,1,4,3,",
  ]);
});

it("a resumed run drops the rows after its checkpoint and goes on below the others", async () => {
  const file = newFile();
  const log = CsvLogger.open(file);
  for (const step of [5, 10, 15, 20]) log.metrics(at(step), { a: step });
  const resumed = CsvLogger.open(file, at(10));
  expect(lines(file)).toEqual(["step,epoch,a", "5,0,5", "10,0,10"]);
  resumed.metrics(at(15), { a: 16, b: 1 });
  expect(lines(file)).toEqual(["step,epoch,a,b", "5,0,5,", "10,0,10,", "15,0,16,1"]);
});

it("a resumed run drops a validation of its checkpoint's very step, where that is still to come", () => {
  const file = newFile();
  const log = CsvLogger.open(file);
  log.metrics(at(4, 0), { "val/total": 1 }); // where max_steps ended the run before
  log.metrics(at(10, 0), { "train/total": 2.5, "train/kl": 0.1 });
  log.metrics(at(10, 0), { "val/total": 3 });
  const ended = CsvLogger.open(file, { ...at(10), ended: 10 });
  expect(lines(file)).toHaveLength(1 + 3);
  expect(ended.at(10)).toEqual({ "val/total": 3 });
  const toCome = CsvLogger.open(file, { ...at(10), ended: 4 });
  expect(lines(file)).toHaveLength(1 + 2);
  expect(toCome.at(10)).toEqual({ "train/total": 2.5, "train/kl": 0.1 });
  expect(toCome.at(9)).toBeUndefined();
});

it("a row that was cut off by a crash is dropped with the rest after the checkpoint", async () => {
  const file = newFile();
  writeFileSync(file, "step,epoch,a,b\n5,0,1,2\n10,0,3,4\n15,0,5");
  CsvLogger.open(file, at(10));
  expect(lines(file)).toEqual(["step,epoch,a,b", "5,0,1,2", "10,0,3,4"]);
});

it("says what is wrong where the folder is gone", async () => {
  const file = newFile();
  const log = CsvLogger.open(file);
  rmSync(join(file, ".."), { recursive: true });
  expect(() => log.metrics(at(1), { a: 1 })).toThrow(UserError);
  expect(() => log.metrics(at(1), { a: 1 })).toThrow(/metrics\.csv: can't be written: its folder is missing/);
});
