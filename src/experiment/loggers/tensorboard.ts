import type { Config } from "../../config/schema.ts";
import type { RunState } from "../run_state.ts";
import { EventFile } from "./event_file.ts";
import { DT_FLOAT, DT_STRING, encode, SESSION_START, SUCCESS } from "./event_messages.ts";
import type { Logger, Metrics, PictureTag } from "./logger.ts";

/**
 * TensorBoard's event file: scalars, grids, the config as text and the hyperparameters of the HParams page.
 * A resumed run opens a further file, which tells TensorBoard to forget what came after the checkpoint.
 */
export class TensorBoardLogger implements Logger {
  private file: EventFile;

  /** @param resumedAt step of the checkpoint that a resumed run goes on from */
  constructor(
    private readonly folder: string,
    private readonly config: Config,
    private readonly configText: string,
    resumedAt: number | undefined,
  ) {
    this.file = new EventFile(folder);
    this.begin(resumedAt);
  }

  /** What was written before is lost with the folder. */
  renew(): void {
    this.file.abandon();
    this.file = new EventFile(this.folder);
    this.begin(undefined);
  }

  private begin(resumedAt: number | undefined): void {
    const { config, configText } = this;
    this.write(0, { fileVersion: "brain.Event:2" });
    if (resumedAt !== undefined) {
      this.write(resumedAt + 1, { sessionLog: { status: SESSION_START } });
      return;
    }
    this.summary(0, [text("config", `\`\`\`yaml\n${configText}\n\`\`\``)]);
    const start = { hparams: hyperparameters(config), startTimeSecs: Date.now() / 1000 };
    this.summary(0, [hparams("_hparams_/session_start_info", { start })]);
  }

  metrics({ step }: RunState, values: Metrics): void {
    this.summary(
      step,
      Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue })),
    );
  }

  picture(tag: PictureTag, { step }: RunState, png: Buffer): void {
    // the PNG header has the sizes: 4 bytes each from byte 16, big-endian
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    const colorspace = png[25] === 0 ? 1 : 3; // grey or RGB
    this.summary(step, [{ tag, image: { height, width, colorspace, encodedImageString: png } }]);
    this.file.flush();
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

  private summary(step: number, value: object[]): void {
    this.write(step, { summary: { value } });
  }

  private write(step: number, what: object): void {
    this.file.write(encode("Event", { wallTime: Date.now() / 1000, step, ...what }));
  }
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

/** What one compares runs by: the leaves of the sections that shape training; lists as text. */
function hyperparameters(config: Config): { key: string; value: object }[] {
  const found: { key: string; value: object }[] = [];
  const visit = (key: string, value: unknown): void => {
    const add = (held: object) => found.push({ key, value: held });
    if (typeof value === "number") add({ numberValue: value });
    else if (typeof value === "boolean") add({ boolValue: value });
    else if (typeof value === "string") add({ stringValue: value });
    else if (Array.isArray(value)) add({ stringValue: JSON.stringify(value) });
    else for (const [name, child] of Object.entries(value ?? {})) visit(`${key}.${name}`, child);
  };
  for (const section of ["model_params", "data_params", "exp_params", "trainer_params"] as const) {
    visit(section, config[section]);
  }
  return found;
}
