import type { BackendInfo } from "../../../backends/use_backend.ts";
import type { Config } from "../../../config/schema.ts";
import type { RunFolder } from "../../runs/run_folder.ts";
import type { RunState } from "../../runs/run_state.ts";
import type { Prepared } from "../prepared.ts";

export interface RunLogArgs {
  readonly config: Config;
  readonly prepared: Prepared;
  readonly folder: RunFolder;
  readonly backend: BackendInfo;
  readonly resume: boolean;
  readonly quiet: boolean;
  readonly brief?: boolean;
  readonly state: Readonly<RunState>;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Epochs, the last of which may not be whole. */
  readonly epochs: number;
  /** What a resumed run finds otherwise than it was left: a sentence each. */
  readonly changed: readonly string[];
}
