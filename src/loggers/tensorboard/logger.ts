import type { LoggerArgs } from "../define.ts";
import type { Arrays, Logger, Metrics, PictureTag, Place, Resumption } from "../logger.ts";
import { EventFile, writeFirstEvents } from "./event_file.ts";
import {
  CLASS_TENSOR,
  DT_DOUBLE,
  DT_FLOAT,
  DT_STRING,
  encode,
  SESSION_START,
  SUCCESS,
} from "./event_messages.ts";
import { histogram } from "./histogram.ts";
import { bothTags, pictureTag, scalarTag } from "./tags.ts";

/**
 * TensorBoard's event file: scalars, charts of each metric in training and validation, pictures, histograms, the
 * config as text and the hyperparameters of the HParams page, which takes each scalar's last value as its metrics.
 * A resumed run opens a further file, which tells TensorBoard to forget what came after the checkpoint.
 */
export class TensorBoardLogger implements Logger {
  private file: EventFile;

  /**
   * @param resumedAt last step, of those written before, whose records a resumed run keeps
   * @param compared metrics to show of training and validation in one chart, such as `kl`
   */
  constructor(
    private readonly folder: string,
    private readonly settings: LoggerArgs["settings"],
    private readonly configText: string,
    resumedAt: number | undefined,
    private readonly compared: readonly string[] = [],
  ) {
    this.file = new EventFile(folder);
    this.begin(resumedAt);
  }

  resumed(place: Place, { row, changes, changed }: Resumption): void {
    if (row !== undefined) this.metrics(place, row);
    if (changes !== "") this.settingsChanged(changes);
    if (changed) this.summary(place.step, [configPage(this.configText)]); // the Text page, from here on
  }

  /**
   * The settings are others than the run began with: the HParams page gets them, with `changes`, a sentence. A TensorBoard
   * that is open shows them when it is started again.
   *
   * @throws UserError where they can't be written
   */
  private settingsChanged(changes: string): void {
    const settings = [...hyperparameters(this.settings), { key: "changed", value: { stringValue: changes } }];
    const start = { hparams: settings, startTimeSecs: Date.now() / 1000 };
    const value = [hparams("_hparams_/session_start_info", { start })];
    writeFirstEvents(this.folder, [
      record(0, { fileVersion: "brain.Event:2" }),
      record(0, { summary: { value } }),
    ]);
  }

  /** What was written before is lost with the folder. */
  renew(): void {
    this.file.abandon();
    this.file = new EventFile(this.folder);
    this.begin(undefined);
  }

  private begin(resumedAt: number | undefined): void {
    const { settings, configText, compared } = this;
    this.write(0, { fileVersion: "brain.Event:2" });
    if (resumedAt !== undefined) {
      this.write(resumedAt + 1, { sessionLog: { status: SESSION_START } });
      return;
    }
    this.summary(0, [charts(compared)]);
    this.summary(0, [configPage(configText)]);
    const start = { hparams: hyperparameters(settings), startTimeSecs: Date.now() / 1000 };
    this.summary(0, [hparams("_hparams_/session_start_info", { start })]);
  }

  metrics({ step }: Place, values: Metrics): void {
    this.summary(
      step,
      Object.entries(values).map(([column, simpleValue]) => ({ tag: scalarTag(column), simpleValue })),
    );
  }

  picture(tag: PictureTag, { step }: Place, png: Buffer): void {
    // the PNG header has the sizes: 4 bytes each from byte 16, big-endian
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    const colorspace = png[25] === 0 ? 1 : 3; // grey or RGB
    this.summary(step, [
      { tag: pictureTag(tag), image: { height, width, colorspace, encodedImageString: png } },
    ]);
    this.file.flush();
  }

  histograms({ step }: Place, values: Arrays): void {
    this.summary(
      step,
      Object.entries(values).flatMap(([tag, numbers]) => distribution(tag, numbers)),
    );
  }

  finish(): void {
    const end = { status: SUCCESS, endTimeSecs: Date.now() / 1000 };
    this.summary(0, [hparams("_hparams_/session_end_info", { end })]);
  }

  flush(): void {
    this.file.sync();
  }

  close(): void {
    this.file.close();
  }

  abandon(): void {
    this.file.abandon();
  }

  private summary(step: number, value: object[]): void {
    this.write(step, { summary: { value } });
  }

  private write(step: number, what: object): void {
    this.file.write(record(step, what));
  }
}

const record = (step: number, what: object): Uint8Array =>
  encode("Event", { wallTime: Date.now() / 1000, step, ...what });

const configPage = (yaml: string): object => text("config", `\`\`\`yaml\n${yaml}\n\`\`\``);

/** The Histograms and Distributions pages; [] where no number is finite. */
function distribution(tag: string, numbers: Float32Array): object[] {
  const rows = histogram(numbers);
  if (rows === undefined) return [];
  const tensorShape = { dim: [{ size: rows.length / 3 }, { size: 3 }] };
  const tensor = { dtype: DT_DOUBLE, tensorShape, doubleVal: [...rows] };
  return [{ tag, metadata: { pluginData: { pluginName: "histograms" }, dataClass: CLASS_TENSOR }, tensor }];
}

/** The Custom Scalars page: a chart a metric, training and validation in it. */
function charts(names: readonly string[]): object {
  const chart = names.map((name) => ({ title: name, multiline: { tag: [bothTags(name)] } }));
  const layout = encode("Layout", { category: [{ title: "training and validation", chart }] });
  const tensor = { dtype: DT_STRING, tensorShape: { dim: [] }, stringVal: [layout] };
  const metadata = { pluginData: { pluginName: "custom_scalars" }, dataClass: CLASS_TENSOR };
  return { tag: "custom_scalars__config__", metadata, tensor };
}

/** Markdown for the Text page. */
function text(tag: string, markdown: string): object {
  const tensor = {
    dtype: DT_STRING,
    tensorShape: { dim: [{ size: 1 }] },
    stringVal: [Buffer.from(markdown)],
  };
  return { tag, metadata: { pluginData: { pluginName: "text" } }, tensor };
}

function hparams(tag: string, data: object): object {
  const content = encode("HParams", { version: 0, ...data });
  const tensor = { dtype: DT_FLOAT, tensorShape: { dim: [{ size: 1 }] }, floatVal: [0] }; // it wants some tensor
  return { tag, metadata: { pluginData: { pluginName: "hparams", content } }, tensor };
}

/** What one compares runs by. */
function hyperparameters(settings: LoggerArgs["settings"]): { key: string; value: object }[] {
  return [...settings].map(([key, value]) => {
    if (typeof value === "number") return { key, value: { numberValue: value } };
    return { key, value: typeof value === "boolean" ? { boolValue: value } : { stringValue: value } };
  });
}
