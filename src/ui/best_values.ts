import type { Best } from "../experiment/runs/run_state.ts";
import { betterOf } from "../metrics/table.ts";

/** -1: the lower the better, 1: the higher, 0: neither. */
export type Direction = -1 | 0 | 1;

/** Which value of a validation metric is better; `terms` are the names of the model's loss terms. */
export function directionOf(name: string, terms: readonly string[]): Direction {
  const better = betterOf(name, terms);
  return better === "higher" ? 1 : better === "lower" ? -1 : 0;
}

/**
 * The best value of each metric, by its name without `val/`: over all validations where these are given, else that of the
 * metric that the checkpoint was chosen by.
 */
export function bestOf(
  validations: readonly ReadonlyMap<string, number>[] | undefined,
  chosen: Best | undefined,
  terms: readonly string[],
): Record<string, number> {
  if (validations === undefined) {
    const name = chosen?.monitor?.replace(/^val\//, "");
    return name === undefined || !Number.isFinite(chosen!.value) ? {} : { [name]: chosen!.value };
  }
  const best = new Map<string, number>();
  for (const row of validations) {
    for (const [name, value] of row) {
      const direction = directionOf(name, terms);
      const before = best.get(name);
      if (direction === 0 || !Number.isFinite(value)) continue;
      if (before === undefined || direction * value > direction * before) best.set(name, value);
    }
  }
  return Object.fromEntries(best);
}
