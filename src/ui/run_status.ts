import type { Config } from "../config/schema.ts";
import type { RunState } from "../experiment/runs/run_state.ts";
import { hasStopped, stopReason, stopRuleOf } from "../experiment/training/early_stopping.ts";
import type { RunStatus } from "./api.ts";
import type { Sign } from "./lock_watch.ts";
import type { MetricsTail } from "./metrics_tail.ts";

export interface StatusOf {
  readonly status: RunStatus;
  readonly why?: string;
}

const MOST_WHY = 2000;

/** What is known of a run; any of it may be missing. */
export interface Known {
  readonly sign: Sign;
  readonly config: Config | undefined;
  readonly state: RunState | undefined;
  readonly tail: MetricsTail | undefined;
  /** What failure.txt says. */
  readonly failure: string | undefined;
}

/** How a run stands, from its lock, its last checkpoint and its last rows. */
export function statusOf({ sign, config, state, tail, failure }: Known): StatusOf {
  if (sign === "alive") return { status: "running" };
  if (sign === "dead")
    return { status: "failed", why: "Its process has ended without a word: killed, or the machine stopped." };
  if (failure !== undefined) return { status: "failed", why: failure.trim().slice(0, MOST_WHY) };
  if (state?.notFinite !== undefined)
    return { status: "failed", why: `Its last validation is not finite: ${state.notFinite}.` };
  if (tail?.diverged) return { status: "failed", why: "Its last row has a value that is not finite." };
  if (state === undefined) return { status: "failed", why: "It ended before anything was saved." };
  const end = config && endOf(state, config);
  return end === undefined
    ? { status: "stopped", why: `It can be gone on with from step ${state.step}.` }
    : { status: "finished", ...(end !== "" && { why: end }) };
}

/** Why a run is done, "" where it is by its number of epochs or steps; undefined where it isn't. */
function endOf(state: RunState, config: Config): string | undefined {
  if (state.ended < state.step) return undefined;
  const { max_epochs = Infinity, max_steps = Infinity } = config.trainer_params ?? {};
  if (state.epoch >= max_epochs || state.step >= max_steps) return "";
  try {
    const rule = stopRuleOf(config);
    return hasStopped(state, rule) ? `Stopped early: ${stopReason(state.stopping!, rule!)}.` : undefined;
  } catch {
    return undefined; // a config that was changed by hand
  }
}

/** Share that is done, 0 to 1; undefined where the config doesn't say how long the run is. */
export function progressOf({ config, state, tail }: Known): number | undefined {
  const { max_epochs, max_steps, accumulate_grad_batches: batches = 1 } = config?.trainer_params ?? {};
  const step = Math.max(tail?.step ?? 0, state?.step ?? 0);
  const epoch = Math.max(tail?.epoch ?? 0, state?.epoch ?? 0);
  const perEpoch = state?.data && Math.ceil(state.data.steps / batches);
  const epochs = perEpoch ? Math.max(step / perEpoch, epoch) : epoch;
  const shares = [
    ...(typeof max_epochs === "number" ? [epochs / max_epochs] : []),
    ...(typeof max_steps === "number" ? [step / max_steps] : []),
  ].filter(Number.isFinite);
  return shares.length === 0 ? undefined : Math.min(1, Math.max(...shares));
}
