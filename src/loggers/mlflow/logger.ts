import { basename, join } from "node:path";
import { serverAddress, shownAddress } from "../../download/http.ts";
import { shellWord } from "../../text/shell.ts";
import type { LoggerArgs } from "../define.ts";
import { fromJson, toJson } from "../json_numbers.ts";
import type { Logger, Metrics, PictureTag, Place, Resumption } from "../logger.ts";
import { isKept } from "../rows_kept.ts";
import { Outbox } from "./outbox.ts";
import type { MlflowRecord } from "./records.ts";
import { Sender } from "./sender.ts";
import type { MlflowSettings } from "./settings.ts";

/** In the run's folder. */
const FOLDER = "mlflow";

/**
 * A run on an MLflow server. All goes through the outbox in the run's folder: calls only write there, and a resumed run
 * goes on as the same run on the server. The API can't take back what was logged after a checkpoint: what is logged again
 * with the same value is left out, another value stands beside it.
 */
export class MlflowLogger implements Logger {
  /** Metrics that the server has of steps that a resumed run repeats, as `STEP METRIC VALUE`. */
  private readonly there: ReadonlySet<string>;
  private finished = false;

  private constructor(
    private readonly outbox: Outbox,
    private readonly sender: Sender,
    private readonly args: LoggerArgs,
    private readonly pictures: boolean,
  ) {
    const past = args.resumedAt === undefined ? [] : outbox.past();
    this.there = new Set(past.flatMap(marksOf));
  }

  static open({ pictures = true, ...named }: MlflowSettings, args: LoggerArgs): MlflowLogger {
    const { env } = process;
    const uri = serverAddress(
      named.tracking_uri === undefined ? "MLFLOW_TRACKING_URI" : "logging_params.loggers mlflow.tracking_uri",
      named.tracking_uri ?? (env.MLFLOW_TRACKING_URI || "http://127.0.0.1:5000"),
    );
    const experiment = named.experiment ?? (env.MLFLOW_EXPERIMENT_NAME || args.name);
    const { resumedAt } = args;
    const folder = join(args.folder, FOLDER);
    const outbox = Outbox.open(folder, (record) => resumedAt !== undefined && isStill(record, resumedAt));
    const { sent } = outbox;
    if (sent !== undefined && shownAddress(sent.tracking_uri) !== shownAddress(uri)) outbox.begin(undefined); // another server
    const version = basename(args.folder);
    const runName = named.run_name ?? (experiment === args.name ? version : `${args.name}/${version}`);
    const sender = new Sender(outbox, { uri, experiment, runName, began: Date.now() }, args.say);
    const logger = new MlflowLogger(outbox, sender, args, pictures);
    if (resumedAt === undefined) logger.begin();
    else if (outbox.waiting > 0) sender.wake();
    return logger;
  }

  /** What a new run has to say first. */
  private begin(): void {
    const { settings, configText } = this.args;
    const values = Object.fromEntries([...settings].map(([key, value]) => [key, String(value)]));
    this.add({ kind: "params", values });
    this.addFile("config.yaml", Buffer.from(configText), { step: 0, epoch: 0 });
  }

  resumed(place: Place, { changes, changed }: Resumption): void {
    if (this.outbox.isEmpty) this.begin(); // it was no logger of the run before
    if (changes !== "") this.add({ kind: "tag", key: "changed", value: changes });
    if (changed) this.addFile("config.yaml", Buffer.from(this.args.configText), place);
    this.add({ kind: "status", status: "RUNNING", time: Date.now() });
  }

  metrics({ step, epoch }: Place, values: Metrics): void {
    const fresh = Object.entries(values).filter(([name, value]) => !this.there.has(mark(step, name, value)));
    if (fresh.length === 0) return;
    this.add({ kind: "metrics", step, epoch, time: Date.now(), values: toJson(Object.fromEntries(fresh)) });
  }

  picture(tag: PictureTag, place: Place, png: Buffer): void {
    if (!this.pictures) return;
    this.addFile(`${tag}/step_${String(place.step).padStart(8, "0")}.png`, png, place);
  }

  finish(): void {
    this.finished = true;
  }

  flush(): void {
    this.outbox.sync();
  }

  renew(): void {
    this.outbox.rewrite();
  }

  async close(): Promise<void> {
    if (this.outbox.isEmpty) return;
    const status = this.finished ? "FINISHED" : "KILLED";
    if (this.finished || this.outbox.status === "RUNNING" || this.outbox.status === undefined)
      this.outbox.add({ kind: "status", status, time: Date.now() });
    const left = await this.sender.close();
    if (left > 0)
      this.args.say(
        `${left} record${left > 1 ? "s" : ""} for MLflow wait in ${join(this.args.folder, FOLDER)}; they are sent by: vae run --resume ${shellWord(this.args.folder)}`,
      );
  }

  abandon(): void {
    void this.sender.abandon();
  }

  private addFile(path: string, bytes: Buffer, { step, epoch }: Pick<Place, "step" | "epoch">): void {
    const file = path.replaceAll("/", "-");
    this.outbox.addFile(file, bytes);
    this.add({ kind: "artifact", path, file, step, epoch });
  }

  private add(record: MlflowRecord): void {
    try {
      this.outbox.add(record);
    } finally {
      this.sender.wake();
    }
  }
}

/** Whether what waits still belongs to a run that goes on from there. */
function isStill(record: MlflowRecord, at: Place): boolean {
  if (record.kind === "metrics") return isKept(record, fromJson(record.values), at);
  return record.kind !== "artifact" || (record.step <= at.step && record.epoch <= at.epoch);
}

function marksOf(record: MlflowRecord): string[] {
  if (record.kind !== "metrics") return [];
  return Object.entries(record.values).map(([name, value]) => mark(record.step, name, Number(value)));
}

const mark = (step: number, name: string, value: number): string => `${step} ${name} ${value}`;
