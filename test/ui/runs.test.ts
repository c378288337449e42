import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DataError } from "../../src/errors.ts";
import { runFiles } from "../../src/experiment/runs/run_files.ts";
import { takeLockNow } from "../../src/experiment/runs/run_lock.ts";
import { ownIdentity } from "../../src/process/identity.ts";
import type { RunDetail, RunInfo, RunList, SeriesAnswer, ServerEvents } from "../../src/ui/api.ts";
import type { Ui } from "../../src/ui/server.ts";
import { folder } from "../support/configs.ts";
import { makeRun } from "../support/made_runs.ts";
import { training } from "../support/training.ts";
import { ask, getJson, openStream, serve } from "../support/ui.ts";

let root: string;
let ui: Ui;
beforeAll(async () => {
  root = folder({ ".keep": "" });
  ui = await serve(root);
});
afterEach(() => vi.restoreAllMocks());

const infoOf = async (id: string): Promise<RunInfo> => {
  const { runs } = await getJson<RunList>(ui, "/api/runs");
  return runs.find((run) => run.id === id)!;
};

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8]}
data_params: {name: shapes3d, size: 32, patch_size: 32, train_batch_size: 8, val_limit: 16}
exp_params: {LR: 0.005}
trainer_params: {max_epochs: 2, log_every_n_steps: 1}
logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0, name: Trained}
`;

describe("a run that was trained", () => {
  let info: RunInfo;
  let path: string;
  beforeAll(async () => {
    const { folder: run, error } = await training(root, CONFIG);
    expect(error).toBeUndefined();
    path = run.path;
    info = await infoOf("Trained/version_0");
  });

  it("is finished, with its settings, terms and metrics", async () => {
    expect(info).toMatchObject({
      status: "finished",
      model: "VanillaVAE",
      data: "shapes3d",
      step: 8,
      epoch: 2,
      progress: 1,
      settings: { "exp_params.LR": 0.005, "model_params.hidden_dims": "[8,8]" },
    });
    expect(info.terms).toEqual(expect.arrayContaining(["train/total", "train/kl", "val/psnr"]));
    const { better } = await getJson<RunList>(ui, "/api/runs");
    expect(better).toMatchObject({ psnr: 1, objective: -1, kl: 0 });
  });

  it("has the best and the last of what its metrics.csv holds", () => {
    const [header, ...rows] = readFileSync(join(path, "metrics.csv"), "utf8").trimEnd().split("\n");
    const at = header!.split(",").indexOf("val/psnr");
    const values = rows
      .map((row) => row.split(",")[at]!)
      .filter((cell) => cell !== "")
      .map(Number);
    expect(values).toHaveLength(2);
    expect(info.best.psnr).toBe(Math.max(...values));
    expect(info.last.psnr).toBe(values.at(-1));
  });

  it("has its config, environment, pictures and commands", async () => {
    const detail = await getJson<RunDetail>(ui, `/api/run?id=${info.id}`);
    expect(detail.config).toBe(readFileSync(join(path, "config.yaml"), "utf8"));
    expect(detail.environment).toMatchObject({ backend: "wasm", parameters: expect.any(Number) });
    expect(detail.pictures.map(({ kind, epoch }) => `${kind} ${epoch}`)).toEqual([
      "Samples 1",
      "Samples 2",
      "Reconstructions 1",
      "Reconstructions 2",
    ]);
    const { status, headers } = await ask(ui, detail.pictures[0]!.url);
    expect([status, headers["content-type"]]).toEqual([200, "image/png"]);
    const bytes = await (await fetch(new URL(detail.pictures[3]!.url, ui.url))).arrayBuffer();
    expect(Buffer.from(bytes)).toEqual(readFileSync(join(path, "Reconstructions/epoch_0002.png")));
    expect(detail.commands.map(({ line }) => line)).toContain(`vae run --config ${path}/config.yaml`);
  });

  it("has the numbers of its metrics.csv as curves", async () => {
    const { series } = await getJson<SeriesAnswer>(ui, `/api/series?run=${info.id}&term=train/total&x=time`);
    expect(series[0]!.x).toHaveLength(8);
    expect([...series[0]!.x].sort((a, b) => a - b)).toEqual(series[0]!.x);
  });
});

describe("how a run stands", () => {
  const state = { step: 20, epoch: 2, batch: 0, ended: 20, skipped: 0, window: { steps: 0, sums: {} } };
  const locked = (path: string, holder: object) =>
    writeFileSync(
      runFiles(path).lock,
      JSON.stringify({ beat: "0000000000", id: "a", host: "h", since: "", ...holder }),
    );

  it("running: a process that lives holds its lock", async () => {
    const path = makeRun(join(root, "Stands/running"), { rows: 5 });
    const lock = takeLockNow(runFiles(path).lock, path);
    expect((await infoOf("Stands/running")).status).toBe("running");
    lock.release();
    expect((await infoOf("Stands/running")).status).not.toBe("running");
  });

  it("failed: the process of its lock is gone", async () => {
    const path = makeRun(join(root, "Stands/dead"), { rows: 5, state });
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    locked(path, { pid, space: ownIdentity().space, born: "1" });
    const { status, why } = await infoOf("Stands/dead");
    expect([status, why]).toEqual(["failed", expect.stringContaining("ended without a word")]);
  });

  it("running, then failed: a lock of another machine that beats, and then is silent for 15 s", async () => {
    const path = makeRun(join(root, "Stands/elsewhere"), { rows: 5, state });
    const now = vi.spyOn(performance, "now");
    const at = async (seconds: number, beat: string) => {
      now.mockReturnValue(seconds * 1000);
      locked(path, { pid: 1, space: "another machine", born: "1", beat });
      return (await infoOf("Stands/elsewhere")).status;
    };
    expect(await at(1000, "1")).toBe("running");
    expect(await at(1014, "1")).toBe("running");
    expect(await at(1014.5, "2")).toBe("running");
    expect(await at(1029, "2")).toBe("running");
    expect(await at(1030, "2")).toBe("failed");
    expect(await at(1031, "3")).toBe("running");
  });

  it("stopped: it is saved, and not at its end", async () => {
    makeRun(join(root, "Stands/stopped"), { rows: 20, validateEvery: 10, state });
    expect(await infoOf("Stands/stopped")).toMatchObject({ status: "stopped", progress: 0.2 });
  });

  it("failed: nothing was saved, or its numbers are not finite", async () => {
    makeRun(join(root, "Stands/unsaved"), { rows: 0 });
    makeRun(join(root, "Stands/validation"), { rows: 3, state: { ...state, notFinite: "val/kl NaN" } });
    const path = makeRun(join(root, "Stands/diverged"), { rows: 3, state });
    appendFileSync(join(path, "metrics.csv"), `4,0,${Array(8).fill("NaN").join(",")}${",".repeat(8)}\n`);
    for (const name of ["unsaved", "validation", "diverged"])
      expect((await infoOf(`Stands/${name}`)).status, name).toBe("failed");
  });

  it("failed: an error ended it, as its failure.txt says until it is gone on with", async () => {
    const { error, folder: run } = await training(root, CONFIG, {
      set: ["logging_params.name=Broken"],
      change({ val }) {
        val.batches = () => {
          throw new DataError("no more images");
        };
      },
    });
    expect(error).toBeInstanceOf(DataError);
    expect(await infoOf("Broken/version_0")).toMatchObject({ status: "failed", why: "no more images" });
    await training(root, CONFIG, { resume: run.path });
    expect((await infoOf("Broken/version_0")).status).toBe("finished");
  });

  it.each([
    ["[]", {}],
    ["null", { step: "many", epoch: null }],
    ["model_params: 5\ndata_params: null\ntrainer_params: text", { step: -1, best: 3 }],
    [
      "trainer_params: {max_epochs: [], early_stopping: 5}",
      { step: 1, ended: 1, stopping: [], notFinite: {} },
    ],
    [
      "model_params: {name: {a: 1}}\n__proto__: {a: 1}\nexp_params: {__proto__: 1, constructor: 2}",
      { best: {} },
    ],
    ["a: &a [*a]", { data: { steps: "x" }, best: { monitor: 5, value: "low" } }],
  ])("a config %s and a state that no run has are shown as far as they go", async (config, odd) => {
    const name = `Odd/version_${config.length}`;
    makeRun(join(root, name), { rows: 2, config, state: odd });
    const found = await infoOf(name);
    expect(found).toMatchObject({
      step: expect.any(Number),
      epoch: expect.any(Number),
      terms: expect.any(Array),
    });
    expect((await getJson<RunDetail>(ui, `/api/run?id=${name}`)).config).toBe(config);
  });

  it("of files that are damaged, what is whole is told", async () => {
    const path = makeRun(join(root, "Stands/damaged"), { rows: 3, config: "model_params: {name: [}" });
    writeFileSync(join(path, "checkpoints/last.safetensors"), "\xff".repeat(40));
    writeFileSync(join(path, "run.lock"), "");
    utimesSync(join(path, "run.lock"), 0, 0);
    writeFileSync(join(path, "environment.json"), "{");
    expect(await infoOf("Stands/damaged")).toMatchObject({ model: "?", step: 3, settings: {} });
    const detail = await getJson<RunDetail>(ui, "/api/run?id=Stands/damaged");
    expect(detail).toMatchObject({ config: "model_params: {name: [}", changes: [] });
    expect(detail.environment).toBeUndefined();
  });
});

describe("the best of long files", () => {
  it("is of all rows where the curves were asked for, and until then of the checkpoint alone", async () => {
    const best = { monitor: "val/objective", mode: "min", value: 12, step: 5 };
    const state = {
      step: 90_000,
      epoch: 90,
      batch: 0,
      best,
      ended: 90_000,
      skipped: 0,
      window: { steps: 0, sums: {} },
    };
    makeRun(join(root, "Best/version_0"), { rows: 40_000, state });
    expect((await infoOf("Best/version_0")).best).toEqual({ objective: 12 });
    await getJson(ui, "/api/series?run=Best/version_0&term=val/psnr");
    const stream = await openStream(ui);
    const { runs } = await stream.next<ServerEvents["changed"]>("changed", ({ runs }) =>
      runs.some(({ id, best: b }) => id === "Best/version_0" && b.psnr !== undefined),
    );
    stream.close();
    const found = runs.find(({ id }) => id === "Best/version_0")!;
    const text = readFileSync(join(root, "Best/version_0/metrics.csv"), "utf8");
    const cells = text
      .trimEnd()
      .split("\n")
      .map((row) => row.split(",").at(-1)!)
      .slice(1);
    expect(found.best.psnr).toBe(Math.max(...cells.filter((c) => c !== "").map(Number)));
  });
});

describe("the stream of events", () => {
  it("tells of new runs, of rows that come, and of runs that are gone", async () => {
    const stream = await openStream(ui);
    const path = makeRun(join(root, "New/version_0"), { rows: 3 });
    const isNew = ({ id }: RunInfo) => id === "New/version_0";
    const first = await stream.next<ServerEvents["changed"]>("changed", ({ runs }) => runs.some(isNew));
    expect(first.runs.find(isNew)!.step).toBe(3);
    const lock = takeLockNow(runFiles(path).lock, path);
    await stream.next<ServerEvents["changed"]>("changed", ({ runs }) =>
      runs.some((r) => isNew(r) && r.status === "running"),
    );
    appendFileSync(join(path, "metrics.csv"), `4,0,${",".repeat(15)}\n5,`);
    const began = performance.now();
    const grown = await stream.next<ServerEvents["changed"]>("changed", ({ runs }) =>
      runs.some((r) => isNew(r) && r.step > 3),
    );
    expect(grown.runs.find(isNew)!.step).toBe(4); // the cut line waits
    expect(performance.now() - began).toBeLessThan(30_000);
    lock.release();
    rmSync(path, { recursive: true });
    const gone = await stream.next<ServerEvents["removed"]>("removed");
    expect(gone.ids).toEqual(["New/version_0"]);
    stream.close();
  });

  it("tells a page of what another one has asked for first", async () => {
    const stream = await openStream(ui);
    const path = makeRun(join(root, "Asked/version_0"), { rows: 3 });
    const isIt = ({ id }: RunInfo) => id === "Asked/version_0";
    expect((await infoOf("Asked/version_0")).step).toBe(3);
    await stream.next<ServerEvents["changed"]>("changed", ({ runs }) => runs.some(isIt));
    rmSync(path, { recursive: true });
    expect(await infoOf("Asked/version_0")).toBeUndefined();
    expect((await stream.next<ServerEvents["removed"]>("removed")).ids).toEqual(["Asked/version_0"]);
    stream.close();
  });

  it("serves many pages, and refuses too many", async () => {
    const streams = await Promise.all(Array.from({ length: 64 }, () => openStream(ui)));
    expect((await ask(ui, "/api/events")).status).toBe(503);
    for (const stream of streams) stream.close();
    await vi.waitFor(async () => {
      const { status } = await ask(ui, "/api/events", { method: "HEAD" });
      expect(status).toBe(200);
      (await openStream(ui)).close();
    });
  });
});

it("a folder that is a run itself is shown as one", async () => {
  const path = makeRun(join(folder({ ".keep": "" }), "version_7"), { rows: 3 });
  mkdirSync(join(path, "Samples"));
  const own = await serve(path);
  const { runs } = await getJson<RunList>(own, "/api/runs");
  expect(runs.map(({ id }) => id)).toEqual(["."]);
  expect((await getJson<RunDetail>(own, "/api/run?id=.")).id).toBe(".");
});
