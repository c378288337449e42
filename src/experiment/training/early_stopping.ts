import type { Config } from "../../config/schema.ts";
import { type Mode, modeOf } from "../../metrics/table.ts";
import type { RunState, Stopping } from "../runs/run_state.ts";
import { isBetter, monitorOf } from "./monitor.ts";

/** When a run ends before its last epoch: after `patience` validations in which `monitor` got no better by `minDelta`. */
export interface StopRule {
  readonly monitor: string;
  readonly mode: Mode;
  readonly patience: number;
  readonly minDelta: number;
}

/** That of a config, where it has one; by the metric that chooses the best checkpoint, unless it names another. */
export function stopRuleOf(config: Config): StopRule | undefined {
  const { early_stopping: given } = config.trainer_params;
  if (given === undefined) return undefined;
  const best = monitorOf(config);
  const monitor = given.monitor ?? best.monitor;
  const mode = given.mode ?? (monitor === best.monitor ? best.mode : modeOf(monitor));
  return { monitor, mode, patience: given.patience, minDelta: given.min_delta };
}

/** What is known after one more validation, at `step`; a value that is not finite is no better. */
export function afterValidation(
  before: Stopping | undefined,
  rule: StopRule,
  value: number,
  step: number,
): Stopping {
  const { monitor, mode, minDelta } = rule;
  const best = before?.value === undefined ? undefined : { value: before.value };
  if (isBetter(value, best, rule, minDelta)) return { monitor, mode, value, step, waited: 0 };
  const { value: kept, step: at, waited = 0 } = before ?? {};
  return { monitor, mode, value: kept, step: at, waited: waited + 1 };
}

/** Whether a run has waited long enough. */
export const hasStopped = ({ stopping }: Pick<RunState, "stopping">, rule: StopRule | undefined): boolean =>
  rule !== undefined && stopping !== undefined && stopping.waited >= rule.patience;

/** Why a run has stopped: `val/objective got no better than 12.3 (step 750) in 3 validations`. */
export function stopReason({ monitor, value, step, waited }: Stopping, { minDelta }: StopRule): string {
  const than = value === undefined ? "never was a number" : `got no better than ${value} (step ${step})`;
  const by = minDelta > 0 && value !== undefined ? ` by more than ${minDelta}` : "";
  return `${monitor} ${than}${by} in ${waited} validation${waited === 1 ? "" : "s"}`;
}
