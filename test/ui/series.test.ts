import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Series, SeriesAnswer } from "../../src/ui/api.ts";
import type { Ui } from "../../src/ui/server.ts";
import { folder } from "../support/configs.ts";
import { MADE_COLUMNS, makeRun, metricsOf } from "../support/made_runs.ts";
import { getJson, serve } from "../support/ui.ts";

let root: string;
let ui: Ui;
beforeAll(async () => {
  root = folder({ ".keep": "" });
  ui = await serve(root);
});

let count = 0;
/** A run with this text as its `metrics.csv`. */
function runWith(text: string): { id: string; file: string } {
  const id = `Made/version_${count++}`;
  const file = join(makeRun(join(root, id), { rows: 0 }), "metrics.csv");
  writeFileSync(file, text);
  return { id, file };
}

async function curve(
  run: string,
  term: string,
  rest: Record<string, string> = {},
): Promise<Series | undefined> {
  const query = new URLSearchParams({ run, term, ...rest });
  return (await getJson<SeriesAnswer>(ui, `/api/series?${query}`)).series[0];
}
const points = async (run: string, term: string, rest?: Record<string, string>) => {
  const found = await curve(run, term, rest);
  return found?.x.map((x, i) => [x, found.y[i]]);
};

it("the cells of a term are points, empty ones none, and what isn't finite is null", async () => {
  const { id } = runWith("step,epoch,train/a,val/b\n1,0,5,\n2,0,NaN,\n2,1,,7\n3,1,Infinity,\n4,1,-1e-3,\n");
  expect(await points(id, "train/a")).toEqual([[1, 5], [2, null], [3, null], [4, -0.001]]); // biome-ignore format: rows
  expect(await points(id, "val/b")).toEqual([[2, 7]]);
  expect(await points(id, "val/b", { x: "epoch" })).toEqual([[1, 7]]);
  expect(await curve(id, "none")).toBeUndefined();
  expect(await curve(id, "step")).toBeUndefined();
});

it("time is the images trained on, by their rate", async () => {
  // 16 images a step: 10 steps at 160 images/s are a second, 10 at 80 two.
  const { id } = runWith(
    "step,epoch,train/images_per_second,train/a,val/b\n10,0,160,3,\n10,1,,,9\n20,1,80,2,\n30,1,160,1,\n",
  );
  expect(await points(id, "train/a", { x: "time" })).toEqual([[1, 3], [3, 2], [4, 1]]); // biome-ignore format: rows
  expect(await points(id, "val/b", { x: "time" })).toEqual([[1, 9]]);
  expect(await points(id, "train/images_per_second")).toEqual([[10, 160], [20, 80], [30, 160]]); // biome-ignore format: rows
});

describe("a file that is written to", () => {
  it("is read on from where it was, and a last line that is cut waits until it is whole", async () => {
    const { id, file } = runWith("step,epoch,train/a\n1,0,5\n2,0,4");
    expect(await points(id, "train/a")).toEqual([[1, 5]]);
    appendFileSync(file, "2.5\n3,0,1");
    expect(await points(id, "train/a")).toEqual([[1, 5], [2, 42.5]]); // biome-ignore format: rows
    appendFileSync(file, "\n4,");
    expect(await points(id, "train/a")).toEqual([[1, 5], [2, 42.5], [3, 1]]); // biome-ignore format: rows
  });

  it("is read anew where columns came, where rows were dropped, and where it is written over in place", async () => {
    const { id, file } = runWith("step,epoch,train/a\n1,0,5\n2,0,4\n3,0,3\n");
    expect(await points(id, "train/a")).toHaveLength(3);
    const replace = (text: string) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file); // as the runner does
    };
    replace("step,epoch,train/a,val/b\n1,0,5,\n2,0,4,\n3,0,3,\n3,1,,9\n");
    expect(await points(id, "val/b")).toEqual([[3, 9]]);
    replace("step,epoch,train/a,val/b\n1,0,5,\n2,0,40,\n");
    expect(await points(id, "train/a")).toEqual([[1, 5], [2, 40]]); // biome-ignore format: rows
    expect(await points(id, "val/b")).toBeUndefined();
    writeFileSync(file, "step,epoch,train/a,val/b\n1,0,6,\n2,0,41,\n3,0,2,\n");
    expect(await points(id, "train/a")).toEqual([[1, 6], [2, 41], [3, 2]]); // biome-ignore format: rows
  });

  it("may lack its end, its rows, its header, or be something else", async () => {
    for (const text of ["", "step,epo", "step,epoch,train/a\n", "\0\0\0\n\n\n", "\n1,2,3\n"])
      expect(await curve(runWith(text).id, "train/a")).toBeUndefined();
    const { id } = runWith("step,epoch,train/a\n1,0\n2,0,4,5,6\n\n3,0,3\r\n");
    expect(await points(id, "train/a")).toEqual([[2, 4], [3, 3]]); // biome-ignore format: rows
  });
});

describe("of 20,000 rows", () => {
  const rows = 20_000;
  let id: string;
  let all: number[];
  beforeAll(() => {
    id = "Long/version_0";
    const path = makeRun(join(root, id), { rows });
    const at = 2 + MADE_COLUMNS.indexOf("train/mse");
    const lines = readFileSync(join(path, "metrics.csv"), "utf8").trimEnd().split("\n").slice(1);
    all = lines
      .map((line) => line.split(",")[at]!)
      .filter((cell) => cell !== "")
      .map(Number);
    expect(metricsOf({ rows }).length).toBeGreaterThan(1 << 21); // several chunks
  });

  it("come as many points as asked for, with the highest and lowest of each part", async () => {
    const found = (await curve(id, "train/mse", { points: "200" }))!;
    expect(found.total).toBe(rows);
    expect(found.x.length).toBeLessThanOrEqual(200);
    expect(found.x.length).toBeGreaterThan(150);
    expect([found.x[0], found.x.at(-1)]).toEqual([1, rows]);
    for (let i = 0; i < found.x.length; i++) expect(found.y[i]).toBeCloseTo(all[found.x[i]! - 1]!, 7);
    const parts = 99;
    for (let part = 0; part < parts; part++) {
      const [from, to] = [part, part + 1].map((p) => 1 + (p * (rows - 1)) / parts);
      const inside = all.filter((_, i) => i + 1 >= from! && i + 1 < to!);
      const drawn = found.y.filter((_, i) => found.x[i]! >= from! && found.x[i]! < to!);
      expect(Math.max(...(drawn as number[]))).toBeCloseTo(Math.max(...inside), 7);
      expect(Math.min(...(drawn as number[]))).toBeCloseTo(Math.min(...inside), 7);
    }
  });

  it("between two steps come whole", async () => {
    const found = (await curve(id, "train/mse", { points: "200", from: "5000", to: "5100" }))!;
    expect([found.x[0], found.x.at(-1), found.x.length]).toEqual([4999, 5100, 102]);
  });

  it("are averaged over all of them, not over those that are drawn", async () => {
    const weight = 0.99;
    const found = (await curve(id, "train/mse", { points: "100", smooth: String(weight) }))!;
    let [sum, norm] = [0, 0];
    const expected = all.map((value) => {
      sum = weight * sum + (1 - weight) * value;
      norm = weight * norm + (1 - weight);
      return sum / norm;
    });
    for (let i = 0; i < found.x.length; i++)
      expect(found.smooth[i]! / expected[found.x[i]! - 1]!).toBeCloseTo(1, 5);
  });

  it("validations are not averaged", async () => {
    const found = (await curve(id, "val/psnr", { smooth: "0.9" }))!;
    expect(found.total).toBe(20);
    expect(found.smooth).toEqual(found.y);
  });
});
