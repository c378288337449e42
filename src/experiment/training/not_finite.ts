import { significant } from "../../text/numbers.ts";
import type { Rates, StepMetrics } from "./loggers/step_metrics.ts";

/** Whether a step's loss and gradient are numbers to go on from. */
export const isFiniteStep = ({ total, gradNorm }: StepMetrics): boolean =>
  Number.isFinite(total) && Number.isFinite(gradNorm);

/** What is not finite in a step: `step 7: the loss is no longer finite: features NaN, total NaN, …`. */
export function notFinite(step: number, { total, terms, gradNorm }: StepMetrics, lr: Rates): string {
  const [rate] = typeof lr === "number" ? [lr] : Object.values(lr); // the first phase's
  const all = Object.entries({ ...terms, total, gradient_norm: gradNorm, learning_rate: rate });
  const what = Number.isFinite(total) ? "gradient" : "loss";
  return `step ${step}: the ${what} is no longer finite: ${all.map(([name, value]) => `${name} ${value}`).join(", ")}`;
}

const SHOWN = 3;

/** Which gradients are not finite, and the L2 norms of the largest others: a sentence. */
export function normsText(gradients: ReadonlyMap<string, Float32Array>): string {
  const all = [...gradients].map(
    ([name, g]) => [name, Math.sqrt(g.reduce((sum, v) => sum + v * v, 0))] as const,
  );
  const bad = all.filter(([, norm]) => !Number.isFinite(norm));
  const largest = all
    .filter(([, norm]) => Number.isFinite(norm))
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN);
  const list = (some: typeof all) => some.map(([name, norm]) => `${name} ${significant(norm)}`).join(", ");
  const more = bad.length > SHOWN ? " …" : "";
  return [
    `Gradient norms: ${bad.length} of ${all.length} are not finite`,
    ...(bad.length > 0 ? [`: ${list(bad.slice(0, SHOWN))}${more}`] : []),
    ...(largest.length > 0 ? [`; the largest ${bad.length > 0 ? "others " : ""}are ${list(largest)}`] : []),
    ".",
  ].join("");
}
