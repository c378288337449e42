import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { LoggerArgs } from "../../src/loggers/define.ts";
import { MlflowLogger } from "../../src/loggers/mlflow/logger.ts";
import { mlflow } from "../../src/loggers/mlflow.ts";
import { freePort, hasMlflow, mlflowPython, mlflowServer } from "../support/mlflow.ts";

const at = (step: number, epoch = 0, ended = step) => ({ step, epoch, ended });
const png = Buffer.from("89504e470d0a1a0a", "hex");

let said: string[] = [];
const argsOf = (folder: string, more: Partial<LoggerArgs> = {}): LoggerArgs => ({
  folder,
  name: "Shapes",
  settings: new Map(Array.from({ length: 130 }, (_, i) => [`model_params.key_${i}`, i])),
  configText: "model_params: {}\n",
  compared: [],
  resumedAt: undefined,
  say: (text) => said.push(text),
  ...more,
});
const newRun = () => {
  said = [];
  return join(mkdtempSync(join(tmpdir(), "vae-mlflow-")), "version_7");
};

describe.skipIf(!hasMlflow())("a run on MLflow's own server", () => {
  let port: number;
  let server: ChildProcess | undefined;
  const early = { folder: "", said: [] as string[] };
  const settings = () => ({ tracking_uri: `http://127.0.0.1:${port}`, experiment: "faces/1" });
  const api = async (route: string, query: Record<string, string>) => {
    const url = `http://127.0.0.1:${port}/api/2.0/mlflow/${route}?${new URLSearchParams(query)}`;
    return (await fetch(url)).json() as Promise<Record<string, unknown>>;
  };
  const sentOf = async (folder: string) => {
    const { Outbox } = await import("../../src/loggers/mlflow/outbox.ts");
    return Outbox.open(join(folder, "mlflow"), () => true);
  };
  const runOf = async (folder: string) => {
    const { run_id } = (await sentOf(folder)).sent!;
    return { run_id, ...((await api("runs/get", { run_id })) as { run: MlflowRun }).run };
  };
  const history = async (run_id: string, metric_key: string) => {
    const found = await api("metrics/get-history", { run_id, metric_key });
    const { metrics = [] } = found as { metrics?: { step: number; value: number | string }[] };
    return metrics.map(({ step, value }) => [step, value]);
  };

  beforeAll(async () => {
    port = await freePort();
    early.folder = newRun(); // before the server is there
    const logger = MlflowLogger.open(settings(), argsOf(early.folder));
    for (let step = 1; step <= 3; step++) logger.metrics(at(step), { "train/kl": step });
    await sleep(1500); // the first attempt
    logger.picture("Samples", at(3, 1), png);
    logger.finish();
    await logger.close();
    early.said = said;
    server = await mlflowServer(mlflowPython(), port);
  }, 600_000);
  afterAll(() => void server?.kill());

  it("has the settings, the metrics by step, the pictures and the config, and its end", async () => {
    const folder = newRun();
    const logger = MlflowLogger.open(settings(), argsOf(folder));
    logger.metrics(at(1), { "train/total": 2.5, "train/kl": Number.NaN });
    logger.metrics(at(2), { "train/total": -1, "train/kl": Number.POSITIVE_INFINITY });
    logger.metrics(at(2, 1), { "val/total": 1e-9 });
    logger.picture("Samples", at(2, 1), png);
    logger.finish();
    await logger.close();
    const { run_id, info, data } = await runOf(folder);
    expect([info.run_name, info.status, info.end_time > info.start_time]).toEqual([
      "Shapes/version_7",
      "FINISHED",
      true,
    ]);
    expect(data.params).toHaveLength(130);
    expect(data.params).toContainEqual({ key: "model_params.key_129", value: "129" });
    expect(await history(run_id, "train/total")).toEqual([
      [1, 2.5],
      [2, -1],
    ]);
    expect((await history(run_id, "train/kl")).map(([step]) => step)).toEqual([1, 2]);
    const files = await api("artifacts/list", { run_id, path: "Samples" });
    expect(files).toMatchObject({ files: [{ path: "Samples/step_00000002.png", file_size: 8 }] });
    const experiment = await api("experiments/get", { experiment_id: info.experiment_id });
    expect(experiment).toMatchObject({ experiment: { name: "faces/1" } });
    expect(readdirSync(join(folder, "mlflow")).sort()).toEqual(["outbox.jsonl", "sent.json"]);
    expect(said).toEqual([]);
  });

  it("goes on as the same run: what is logged again with the same value stands there once", async () => {
    const folder = newRun();
    const first = MlflowLogger.open(settings(), argsOf(folder));
    for (let step = 1; step <= 4; step++) first.metrics(at(step), { loss: 10 - step });
    await first.close();
    const before = await runOf(folder);
    expect(before.info.status).toBe("KILLED");
    const again = MlflowLogger.open(settings(), argsOf(folder, { resumedAt: at(2) }));
    again.resumed(at(2), { row: undefined, changes: "exp_params.LR 1 (2 up to step 2)", changed: true });
    again.metrics(at(3), { loss: 7 });
    again.metrics(at(4), { loss: 5.5 });
    again.finish();
    await again.close();
    const { run_id, info, data } = await runOf(folder);
    expect([run_id, info.status]).toEqual([before.run_id, "FINISHED"]);
    expect(await history(run_id, "loss")).toEqual([
      [1, 9],
      [2, 8],
      [3, 7],
      [4, 6],
      [4, 5.5],
    ]);
    expect(data.tags).toContainEqual({ key: "changed", value: "exp_params.LR 1 (2 up to step 2)" });
  });

  it("loses nothing where the server is down: that is said once, and a later process sends all", async () => {
    expect(early.said).toHaveLength(2);
    expect(early.said[0]).toMatch(
      /^MLflow at http:\/\/127.0.0.1:\d+: it can't be reached \(ECONNREFUSED\)\. Training goes/,
    );
    expect(early.said[1]).toMatch(
      /^7 records for MLflow wait in .*mlflow; they are sent by: vae run --resume/,
    );
    said = [];
    await mlflow.deliver!(settings(), argsOf(early.folder, { resumedAt: at(3, 1) }));
    const { run_id, info } = await runOf(early.folder);
    expect(info.status).toBe("FINISHED");
    expect(await history(run_id, "train/kl")).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const files = await api("artifacts/list", { run_id, path: "Samples" });
    expect(files).toMatchObject({ files: [{ path: "Samples/step_00000003.png", file_size: 8 }] });
    expect(said).toEqual([]);
  });

  it("that was deleted there gets all again, as another one", async () => {
    const folder = newRun();
    const first = MlflowLogger.open(settings(), argsOf(folder));
    first.metrics(at(1), { loss: 3 });
    await first.close();
    const { run_id } = await runOf(folder);
    const url = `http://127.0.0.1:${port}/api/2.0/mlflow/runs/delete`;
    await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ run_id }),
    });
    const second = MlflowLogger.open(settings(), argsOf(folder, { resumedAt: at(1) }));
    second.resumed(at(1), { row: undefined, changes: "", changed: false });
    second.metrics(at(2), { loss: 2 });
    await second.close();
    expect(said).toEqual([]);
    const after = await runOf(folder);
    expect(after.run_id).not.toBe(run_id);
    expect(await history(after.run_id, "loss")).toEqual([
      [1, 3],
      [2, 2],
    ]);
  });
});

describe("what is no MLflow", () => {
  it("is refused where it is no address, before anything is logged", async () => {
    for (const uri of ["junk", "file:///tmp/mlruns", "http://exa mple"])
      expect(() => MlflowLogger.open({ tracking_uri: uri }, argsOf(newRun()))).toThrow(
        `logging_params.loggers mlflow.tracking_uri: expected the address of a server, http://… or https://…, got "${uri}".`,
      );
    vi.stubEnv("MLFLOW_TRACKING_URI", "databricks");
    expect(() => MlflowLogger.open({}, argsOf(newRun()))).toThrow(
      "MLFLOW_TRACKING_URI: expected the address of a server",
    );
    vi.unstubAllEnvs();
  });

  it("is told for another program that answers, without the password of the address; all waits", async () => {
    const server = createServer((_, response) => void response.end("<html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const logger = MlflowLogger.open({ tracking_uri: `http://me:secret@${host}` }, argsOf(newRun()));
    logger.metrics(at(1), { loss: 1 });
    await logger.close();
    server.close();
    expect(said).toEqual([
      `MLflow at http://${host}: what answers there is not MLflow.`,
      expect.stringMatching(/^4 records for MLflow wait in .*mlflow; they are sent by: vae run --resume/),
    ]);
  });
});

interface MlflowRun {
  readonly info: {
    readonly run_name: string;
    readonly status: string;
    readonly start_time: number;
    readonly end_time: number;
    readonly experiment_id: string;
  };
  readonly data: {
    readonly params: readonly object[];
    readonly tags: readonly object[];
  };
}
