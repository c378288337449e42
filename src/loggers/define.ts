import type { Static, TObject } from "typebox";
import type { Logger, Place } from "./logger.ts";

/** What a logger is opened with besides its own settings. */
export interface LoggerArgs {
  /** The run's folder. */
  readonly folder: string;
  /** `logging_params.name`. */
  readonly name: string;
  /** Every value that shapes training, by its dotted key. */
  readonly settings: ReadonlyMap<string, number | boolean | string>;
  /** The config as YAML. */
  readonly configText: string;
  /** Metrics to show of training and validation in one chart, such as `kl`. */
  readonly compared: readonly string[];
  /** Where the checkpoint stands that a resumed run goes on from; undefined: a new run. */
  readonly resumedAt: Place | undefined;
  /** A sentence for the user, at any time. */
  say(text: string): void;
}

export interface MemberNames {
  /** Of the experiment or sweep. */
  readonly series: string;
  /** Of the training: its run, and its seed. */
  readonly member: string;
}

export interface LoggerDefinition<P extends TObject = TObject> {
  /** As in `logging_params.loggers`. */
  readonly name: string;
  /** One sentence: what it writes, and where. */
  readonly summary: string;
  /** Schema of its settings; none is required. */
  readonly params: P;
  /** @throws UserError where it can't write */
  open(params: Partial<Static<P>>, args: LoggerArgs): Promise<Logger>;
  /** The settings of one of the trainings of an experiment or a sweep, by which it is told from the others. */
  ofMember?(params: Partial<Static<P>>, names: MemberNames): Partial<Static<P>>;
  /** Sends what an earlier process of a run, now at its end, could not; `LoggerArgs.resumedAt` is where it ended. */
  deliver?(params: Partial<Static<P>>, args: LoggerArgs): Promise<void>;
}

/** A logger: its settings and how to open it. One file, one line in the registry. */
export function defineLogger<P extends TObject>(definition: LoggerDefinition<P>): LoggerDefinition<P> {
  return definition;
}
