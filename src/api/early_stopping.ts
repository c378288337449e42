import { ConfigError } from "../errors.ts";
import type { Stopping } from "../experiment/runs/run_state.ts";
import type { Callback, RunEvent, ValidationEvent } from "../experiment/training/callbacks.ts";
import {
  afterValidation,
  hasStopped,
  type StopRule,
  stopReason,
} from "../experiment/training/early_stopping.ts";
import { type Mode, modeOf } from "../metrics/table.ts";
import { didYouMean } from "../text/suggest.ts";
import { checkedOptions, integer, number, oneOf, text } from "./checked.ts";

/** When `EarlyStopping` ends a run. */
export interface EarlyStoppingOptions {
  /** Metric of validation. Default: `val/objective`. */
  readonly monitor?: string | undefined;
  /** Validations in a row without a better value after which the run ends. Default: 3. */
  readonly patience?: number | undefined;
  /** How much better a value has to be to count. Default: 0. */
  readonly minDelta?: number | undefined;
  /** Whether lower or higher is better. Default: which of them is, of that metric. */
  readonly mode?: Mode | undefined;
}

/**
 * Ends a run whose validation gets no better, by the rule of `trainer_params.early_stopping`. A run that is gone on with counts
 * on. Several of them need names of their own. A metric that validation doesn't have ends the run with a ConfigError.
 */
export class EarlyStopping implements Callback {
  readonly name: string;
  private readonly rule: StopRule;
  private seen: Stopping | undefined;

  constructor(options: EarlyStoppingOptions = {}) {
    checkedOptions("EarlyStopping", options, {
      monitor: text,
      patience: integer(1),
      minDelta: number(0),
      mode: oneOf("min", "max"),
    });
    const { monitor = "val/objective", patience = 3, minDelta = 0, mode = modeOf(monitor) } = options;
    this.rule = { monitor, mode, patience, minDelta };
    this.name = `EarlyStopping ${monitor}`;
  }

  onStart(event: RunEvent): void {
    this.judge(event);
  }

  onValidation(event: ValidationEvent): void {
    const { step, metrics } = event;
    if (Object.keys(metrics).length === 0) return;
    const { monitor } = this.rule;
    const value = metrics[monitor];
    if (value === undefined) {
      const names = Object.keys(metrics);
      throw new ConfigError(
        `EarlyStopping: expected monitor to be one of ${names.join(", ")}, got "${monitor}".${didYouMean(monitor, names)}`,
      );
    }
    this.seen = afterValidation(this.seen, this.rule, value, step);
    this.judge(event);
  }

  save(): Stopping | undefined {
    return this.seen;
  }

  restore(saved: unknown): void {
    const { mode, monitor } = this.rule;
    const found = saved as Stopping | undefined;
    this.seen = found?.monitor === monitor && found.mode === mode ? found : undefined;
  }

  private judge(event: RunEvent): void {
    if (hasStopped({ stopping: this.seen }, this.rule)) event.stop(stopReason(this.seen!, this.rule));
  }
}
