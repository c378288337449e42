import { setTimeout as sleep } from "node:timers/promises";
import { shownAddress } from "../../download/http.ts";
import { answered, MlflowClient, MlflowRefusal, mayPass } from "./client.ts";
import type { Outbox } from "./outbox.ts";
import type { MetricsRecord, MlflowRecord } from "./records.ts";

/** Before what is new is sent, so that a fast run makes no request a step; before the next attempt, doubled up to MOST. */
const GATHER = 1000;
const MOST = 60_000;
/** Milliseconds for what waits when the run ends. */
const PARTING = 15_000;
/** The API's limits of one request. */
const METRICS = 1000;
const PARAMS = 100;
const TEXT = 6000;

export interface Target {
  readonly uri: string;
  readonly experiment: string;
  readonly runName: string;
  /** Milliseconds since 1970. */
  readonly began: number;
}

interface RunInfo {
  readonly run_id: string;
  readonly artifact_uri: string;
}

/** Sends an outbox beside training. What goes wrong is said once, until it is well again. */
export class Sender {
  private readonly client: MlflowClient;
  private readonly stop = new AbortController();
  /** Cuts a wait short. */
  private hurry = new AbortController();
  private working: Promise<void> | undefined;
  private troubled = false;
  private leaving = false;
  private replaced = false;
  private readonly refused = new Set<string>();
  private readonly shown: string;

  constructor(
    private readonly outbox: Outbox,
    private readonly target: Target,
    private readonly say: (text: string) => void,
  ) {
    this.client = new MlflowClient(target.uri);
    this.shown = shownAddress(target.uri);
  }

  /** There is something new. */
  wake(): void {
    this.working ??= this.work().finally(() => {
      this.working = undefined;
      if (this.outbox.waiting > 0 && !this.leaving && !this.stop.signal.aborted) this.wake();
    });
  }

  /** Sends what waits, as far as that takes no longer than seconds; returns how many records are left. */
  async close(): Promise<number> {
    this.leaving = true;
    const limit = setTimeout(() => {
      this.sayTrouble(new Error(`no answer in ${PARTING / 1000} s`));
      void this.abandon();
    }, PARTING);
    this.hurry.abort();
    await this.working;
    if (this.outbox.waiting > 0 && !this.stop.signal.aborted) await this.work();
    clearTimeout(limit);
    await this.abandon();
    return this.outbox.waiting;
  }

  /** Sends no more. */
  async abandon(): Promise<void> {
    this.stop.abort();
    this.hurry.abort();
    await this.client.close();
  }

  private async work(): Promise<void> {
    let pause = GATHER;
    await this.wait(pause);
    while (this.outbox.waiting > 0 && !this.stop.signal.aborted) {
      try {
        await this.sendSome();
        pause = GATHER;
        if (this.troubled) this.say(`MLflow at ${this.shown} takes what is logged again.`);
        this.troubled = false;
      } catch (error) {
        if (this.stop.signal.aborted) return;
        this.sayTrouble(error as Error);
        if (this.leaving) return;
        await this.wait(pause);
        pause = Math.min(MOST, 2 * pause);
      }
    }
  }

  private sayTrouble(error: Error): void {
    if (this.troubled) return;
    this.troubled = true;
    const why = error instanceof MlflowRefusal ? error.message : `it can't be reached (${reason(error)})`;
    this.say(
      `MLflow at ${this.shown}: ${why}.${this.leaving ? "" : " Training goes on; what is logged waits in the run's folder and is sent when it answers."}`,
    );
  }

  private async wait(milliseconds: number): Promise<void> {
    if (this.leaving || this.stop.signal.aborted) return;
    this.hurry = new AbortController();
    await sleep(milliseconds, undefined, { signal: this.hurry.signal, ref: false }).catch(() => {});
  }

  private async sendSome(): Promise<void> {
    if (this.outbox.sent === undefined) await this.beginRun();
    const [first, ...others] = this.outbox.next(METRICS);
    if (first === undefined) return;
    const batch = [first];
    if (first.kind === "metrics") batch.push(...others.slice(0, lengthOfBatch(first, others)));
    try {
      await this.send(batch);
    } catch (error) {
      if (mayPass(error)) throw error;
      const { message } = error as MlflowRefusal;
      if (!this.replaced && !(await this.client.isActive(this.outbox.sent!.run_id))) {
        this.replaced = true;
        this.outbox.begin(undefined); // the run was deleted there: another one gets all
        return;
      }
      if (!this.refused.has(first.kind))
        this.say(`MLflow at ${this.shown}: not taken: ${message.replace(/\.$/, "")}.`);
      this.refused.add(first.kind); // once a kind
    }
    this.outbox.done(batch.length);
    if (first.kind === "artifact") this.outbox.dropFile(first.file);
  }

  private async beginRun(): Promise<void> {
    const { uri, experiment, runName, began } = this.target;
    const experiment_id = await this.client.experiment(experiment);
    const tags = [
      { key: "mlflow.source.name", value: "vae run" },
      { key: "mlflow.source.type", value: "LOCAL" },
    ];
    const wanted = { experiment_id, run_name: runName, start_time: began, tags };
    const { run } = await this.client.post<{ run?: { info: RunInfo } }>("runs/create", wanted);
    const { run_id, artifact_uri } = answered(run).info;
    this.outbox.begin({ tracking_uri: shownAddress(uri), experiment_id, run_id, artifact_uri });
  }

  private async send(batch: readonly MlflowRecord[]): Promise<void> {
    const { run_id, artifact_uri } = this.outbox.sent!;
    const [first] = batch as [MlflowRecord];
    switch (first.kind) {
      case "metrics":
        await this.client.post("runs/log-batch", {
          run_id,
          metrics: (batch as MetricsRecord[]).flatMap(({ values, time: timestamp, step }) =>
            Object.entries(values).map(([key, value]) => ({ key, value, timestamp, step })),
          ),
        });
        break;
      case "params": {
        const params = Object.entries(first.values).map(([key, value]) => ({
          key,
          value: value.slice(0, TEXT),
        }));
        for (let at = 0; at < params.length; at += PARAMS)
          await this.client.post("runs/log-batch", { run_id, params: params.slice(at, at + PARAMS) });
        break;
      }
      case "tag":
        await this.client.post("runs/set-tag", { run_id, key: first.key, value: first.value.slice(0, 5000) });
        break;
      case "artifact": {
        const bytes = this.outbox.readFile(first.file);
        if (bytes !== undefined) await this.client.putArtifact(artifact_uri, first.path, bytes);
        break;
      }
      case "status": {
        const ended = first.status === "RUNNING" ? {} : { end_time: first.time };
        await this.client.post("runs/update", { run_id, status: first.status, ...ended });
      }
    }
  }
}

/** How many records after `first` are metrics that fit into one request with it. */
function lengthOfBatch(first: MetricsRecord, others: readonly MlflowRecord[]): number {
  let left = METRICS - Object.keys(first.values).length;
  let count = 0;
  for (const record of others) {
    left -= record.kind === "metrics" ? Object.keys(record.values).length : Number.POSITIVE_INFINITY;
    if (left < 0) break;
    count++;
  }
  return count;
}

/** `ECONNREFUSED`, or what the error says. */
function reason(error: Error): string {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return code ?? cause?.code ?? error.message;
}
