import type { BackendName } from "../backends/registry.ts";
import { loadConfig, loadConfigObject } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { ConfigError } from "../errors.ts";
import type { Best } from "../experiment/runs/run_state.ts";
import type {
  Callback,
  CheckpointEvent,
  StepEvent,
  ValidationEvent,
} from "../experiment/training/callbacks.ts";
import { nowhere } from "../text/nowhere.ts";
import {
  callable,
  checked,
  checkedOptions,
  either,
  flag,
  instanceOf,
  integer,
  listOf,
  object,
  text,
} from "./checked.ts";
import type { ConfigInput, DataName, ModelName } from "./define_config.ts";
import type { OpenRunOptions } from "./open_run.ts";
import type { Run } from "./run.ts";
import { configOfRun, type TrainedConfig, trainConfig } from "./train_config.ts";

/** How `train` trains. */
export interface TrainOptions {
  /** Called after each optimizer step; training waits for it. */
  readonly onStep?: ((event: StepEvent) => void | Promise<void>) | undefined;
  /** Called after each validation. */
  readonly onValidation?: ((event: ValidationEvent) => void | Promise<void>) | undefined;
  /** Called after each checkpoint is written. */
  readonly onCheckpoint?: ((event: CheckpointEvent) => void | Promise<void>) | undefined;
  /** More of the kind: instances of classes that keep something between the calls, such as `EarlyStopping`. */
  readonly callbacks?: readonly Callback[] | undefined;
  /** Its abort ends training as Ctrl-C does: after the step under way, saved, so that one can go on. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether SIGINT, SIGTERM and the like end training, saved, in place of the process; a second one ends the process. Default:
   * true.
   */
  readonly handleSignals?: boolean | undefined;
  /** Prints nothing at all. Default: false, as `vae run` prints. */
  readonly quiet?: boolean | undefined;
  /** What computes: `auto` (the default), `wasm`, `tensorflow`, `cpu`, `xla`, …; `measure`: the faster, measured anew. */
  readonly backend?: BackendName | "measure" | (string & {}) | undefined;
  /** Folder of a run to go on with; `auto`: the newest run of the config's name, else a new one. */
  readonly resume?: string | undefined;
  /** Values laid over the config, as `--set` takes them: `trainer_params.max_steps=100`. */
  readonly set?: readonly string[] | undefined;
  /** Optimizer steps at which it stops before its end, validated and saved; going on gives what one run in one go gives. */
  readonly until?: number | undefined;
  /** Folder that relative file names in a config object start from. Default: the current one. */
  readonly baseDir?: string | undefined;
  /** Folder of packed data. Default: the user's cache. */
  readonly dataCache?: string | undefined;
}

/** What has come of a run. */
export interface TrainResult {
  /** Folder of the run, for `openRun`, `train`'s `resume` and the commands. */
  readonly run: string;
  /**
   * Why it ended: `complete`, at its last step; `paused`, at `until`; `stopped`, before it, by early stopping or a callback; `aborted`, by the
   * `AbortSignal`; `signal`, by one of the system. All is saved in each case.
   */
  readonly ended: "complete" | "paused" | "stopped" | "aborted" | "signal";
  /** What stopped it, a clause; undefined where nothing did. */
  readonly reason: string | undefined;
  /** 128 + the number of the signal that ended it, for `process.exitCode`; undefined where none did. */
  readonly exitCode: number | undefined;
  /** Why what came out is of no use, where that is so: a validation that is not finite. */
  readonly problem: string | undefined;
  /** Optimizer steps done, those before a resumption counted. */
  readonly step: number;
  /** Whole epochs done. */
  readonly epoch: number;
  /** Metrics of the last validation: `val/total`, `val/elbo`, …. Empty where there was none. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The best validation, which `best.safetensors` is of; undefined where there was none. */
  readonly best: Best | undefined;
  /** Opens the trained model, at its best checkpoint where the options say no other. */
  open(options?: OpenRunOptions): Promise<Run>;
}

/**
 * Trains what a config says, as `vae run` does: into a folder of its own, `save_dir/name/version_N`, with checkpoints, metrics,
 * TensorBoard's logs and pictures.
 *
 * @param config a YAML file, or the sections that it would hold; a file's relative names start from its folder
 * @throws ConfigError for a mistake in the config; DataError, EngineError and other `UserError`s as `vae run` says them; what a
 * callback throws; `signal.reason` where it is aborted before the first step
 */
export async function train<Model extends ModelName = ModelName, Data extends DataName = DataName>(
  config: string | ConfigInput<Model, Data> | Config,
  options: TrainOptions = {},
): Promise<TrainResult> {
  checked("train: config", config, CONFIG);
  checkedOptions("train", options, OPTIONS);
  const { quiet = false, backend = "auto", set = [], baseDir = process.cwd(), ...how } = options;
  how.signal?.throwIfAborted();
  if (quiet) (await import("./silence.ts")).silence();
  const loaded =
    typeof config === "string"
      ? await loadConfig(config, { set })
      : await loadConfigObject(sectionsOf(config), baseDir, { set });
  const { onStep, onValidation, onCheckpoint, callbacks = [] } = how;
  const trained = await trainConfig(loaded, {
    ...how,
    backend,
    quiet,
    out: quiet ? nowhere() : process.stdout,
    callbacks: [{ onStep, onValidation, onCheckpoint } as Callback, ...callbacks],
  });
  return resultOf(trained);
}

/** As `train`, of a run that is gone on with by its own config. `set` may change what it was trained with. */
export async function resumeRun(
  run: string,
  options: Omit<TrainOptions, "resume" | "baseDir"> = {},
): Promise<TrainResult> {
  return train(configOfRun(checked("resumeRun: run", run, text)), { ...options, resume: run });
}

const CONFIG = either(
  { ...text, expected: "the name of a YAML file" },
  { ...object, expected: "an object with the sections of a config" },
);

const OPTIONS = {
  onStep: callable,
  onValidation: callable,
  onCheckpoint: callable,
  callbacks: listOf(object),
  signal: instanceOf(AbortSignal),
  handleSignals: flag,
  quiet: flag,
  backend: text,
  resume: text,
  set: listOf(text),
  until: integer(1),
  baseDir: text,
  dataCache: text,
};

/** The sections of a config as a file has them, with the names in them. */
function sectionsOf(config: ConfigInput | Config): object {
  const { model, data, ...sections } = config as ConfigInput;
  return {
    ...sections,
    ...(model !== undefined && { model_params: named("model", model, sections.model_params) }),
    ...(data !== undefined && { data_params: named("data", data, sections.data_params) }),
  };
}

/** @throws ConfigError where the section names another one, which would be trained in silence */
function named(key: "model" | "data", name: string, section: object = {}): object {
  const { name: written = name } = checked(`config ${key}_params`, section, object) as {
    readonly name?: string;
  };
  if (written === name) return { ...section, name };
  throw new ConfigError(
    `config ${key}_params.name: expected "${name}" as "${key}" says, or nothing, got "${written}". Leave one of them out.`,
  );
}

function resultOf({
  run,
  state,
  metrics,
  interrupted,
  aborted,
  stopped,
  paused,
  problem,
}: TrainedConfig): TrainResult {
  const ended =
    interrupted !== undefined
      ? "signal"
      : aborted
        ? "aborted"
        : stopped !== undefined
          ? "stopped"
          : paused
            ? "paused"
            : "complete";
  return {
    run,
    ended,
    reason: stopped,
    exitCode: interrupted,
    problem,
    step: state.step,
    epoch: state.epoch,
    metrics,
    best: state.best,
    open: async (options) => (await import("./open_run.ts")).openRun(run, options),
  };
}
