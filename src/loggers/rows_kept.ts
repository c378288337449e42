import type { Metrics, Place } from "./logger.ts";

/**
 * Whether a row that was written before belongs to a run that goes on from a checkpoint at `resumedAt`: not where it comes
 * after it, since those steps are trained, and their epochs validated, again; nor is a validation after its very step,
 * where that is still to come.
 */
export function isKept(
  { step, epoch }: Pick<Place, "step" | "epoch">,
  values: Metrics,
  resumedAt: Place,
): boolean {
  if (step > resumedAt.step || epoch > resumedAt.epoch) return false;
  const again = step === resumedAt.step && resumedAt.ended < step;
  return !(again && Object.keys(values).some((name) => name.startsWith("val/")));
}
