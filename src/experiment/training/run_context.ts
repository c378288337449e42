import type { BackendInfo } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import type { RunFolder } from "../runs/run_folder.ts";
import type { RunState } from "../runs/run_state.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { RunLog } from "./loggers/run_log.ts";
import type { Rates } from "./loggers/step_metrics.ts";
import type { Prepared } from "./prepared.ts";
import { learningRates } from "./schedules.ts";
import type { Stepper } from "./stepper.ts";

export interface TrainArgs {
  readonly config: Config;
  /** Folder that relative file names in `config` start from. */
  readonly baseDir: string;
  readonly prepared: Prepared;
  readonly folder: RunFolder;
  readonly backend: BackendInfo;
  /** Go on from the folder's last checkpoint. */
  readonly resume: boolean;
  readonly quiet: boolean;
  /** Say how far it is and what goes wrong, but not what runs and what came out: one of several runs. */
  readonly brief?: boolean;
  /** Where it says it; standard output where left out. */
  readonly out?: NodeJS.WriteStream | undefined;
  /** What a program does meanwhile. */
  readonly callbacks?: readonly Callback[] | undefined;
  /** Its abort ends the run as a signal to leave does: saved after the step under way. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the signals to leave are taken, as they are where left out. */
  readonly handleSignals?: boolean | undefined;
  /**
   * Optimizer steps at which it stops before its end, validated and saved. Nothing of the steps depends on it: the
   * schedules are those of the whole run.
   */
  readonly until?: number | undefined;
}

/** How far a run goes. */
export interface Plan {
  readonly batchesPerEpoch: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Where this process ends: at the last of them, or before it. */
  readonly lastStep: number;
  /** Epochs, the last of which may not be whole. */
  readonly epochs: number;
}

/** Whether this process writes the run's files and validates: of several ranks the first. */
export const isFirstRank = ({ backend }: Pick<TrainArgs, "backend">): boolean =>
  (backend.ranks?.rank ?? 0) === 0;

/** What the parts of a run share. */
export interface RunContext {
  readonly args: TrainArgs;
  readonly plan: Plan;
  /** Where training stands; the variables are of it wherever no step is under way. */
  readonly state: RunState;
  readonly log: RunLog;
  readonly stepper: Stepper;
  readonly callbacks: Callbacks;
}

/** The learning rates of the step after `step` steps and `epoch` whole epochs. */
export function ratesAt(
  { args, plan, stepper }: RunContext,
  { step, epoch }: Pick<RunState, "step" | "epoch">,
): Rates {
  const { totalSteps } = plan;
  return learningRates(args.config.exp_params, stepper.phases, { step, epoch, totalSteps });
}
