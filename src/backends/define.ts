import type { Place } from "../process/place.ts";
import type { Precision, StepCompiler } from "./compiler.ts";
import type { RankGroup } from "./ranks.ts";

/** What computes, once it is tfjs's own. */
export interface BackendInfo {
  /** As in `--backend`. */
  readonly name: string;
  /** The library that computes, and its version. */
  readonly library: string;
  readonly version: string;
  readonly device: string;
  /** Runs whole steps at once; absent where the backend can't. */
  readonly compiler?: StepCompiler;
  /** How many it can compute a step on together; 1 where left out. */
  readonly devices?: number;
  /** The processes that compute each step together, this one among them; absent: one. */
  readonly ranks?: RankGroup;
  /** Steps that it takes before the first of them is done; 1 where left out. */
  readonly stepsInFlight?: number;
  /** The most bytes of the device's own memory that were in use at once; undefined where nothing counts them. */
  devicePeak?(): number | undefined;
}

export interface StartOptions {
  /** One of the definition's `devices`; undefined: the backend's own choice. */
  readonly device?: string | undefined;
  /** This process's among those that train together; of the backend tensorflow. */
  readonly place?: Place | undefined;
  /** Takes a sentence for the user. */
  say(text: string): void;
}

/** On what terms `--backend auto` takes a backend. */
export interface AutoTerms {
  /** Whether it is set up, or the user means it to be. */
  isThere(): boolean;
  /** Why it is not: a clause. */
  readonly absent: string;
  /** Where it is not there: sentences on what this machine has that it could compute on. */
  advice?(): readonly string[];
  /** So many times as fast must it be to be taken, because it takes more memory and longer to start. */
  readonly handicap: number;
  /** Whether it is the faster one for a config of such a precision, without a measurement. */
  isFaster?(precision: Precision): boolean;
  /** What a step's duration depends on, besides config and processor. */
  speedDependsOn(): {
    readonly versions?: readonly unknown[];
    readonly environment: Readonly<Record<string, string | undefined>>;
  };
}

/** A backend: how it is named, found and started. Its folder, and one line in the registry. */
export interface BackendDefinition<Name extends string = string> {
  /** As in `--backend` and as tfjs has it. */
  readonly name: Name;
  /** What may follow the name: `--backend NAME:DEVICE`. */
  readonly devices?: readonly string[];
  /** For the help of `--backend`: a clause with it as the subject. */
  readonly remark?: string;
  /** Left out: only who names it gets it. */
  readonly auto?: AutoTerms;
  /** Makes it known to tfjs. @throws EngineError where it is missing or does not load */
  register(options: StartOptions): Promise<void>;
  /** What it is, once tfjs computes by it. */
  describe(): Promise<Omit<BackendInfo, "name">>;
}

/** Those of the environment's variables whose names match. */
export const variablesLike = (pattern: RegExp): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([key]) => pattern.test(key)));
