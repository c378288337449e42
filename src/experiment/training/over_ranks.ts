import { meanOverRanks, ranksOfStep } from "../../backends/ranks.ts";
import { type Tensor, type Tensor1D, tf } from "../../tf.ts";
import type { StepMetricsOf } from "./loggers/step_metrics.ts";
import { flatten } from "./metric_tensors.ts";
import type { StepInputs } from "./step_inputs.ts";

/** Numbers that one reduction sums at most, where a gradient alone doesn't have more: 4 MiB. */
const BUCKET = 2 ** 20;

/**
 * The means over the ranks of gradients, by parameter name, in buckets: one reduction each. The last layers' first, whose
 * gradients are computed first.
 */
export function meanGradients(grads: Map<string, Tensor>): Map<string, Tensor> {
  if (ranksOfStep() === undefined) return grads;
  const means = new Map<string, Tensor>();
  for (const bucket of bucketsOf([...grads].reverse())) {
    const flat = bucket.map(([, g]) => tf.reshape(g, [g.size]));
    const mean = meanOverRanks(flat.length === 1 ? flat[0]! : tf.concat(flat)) as Tensor1D;
    const parts =
      flat.length === 1
        ? [mean]
        : tf.split(
            mean,
            bucket.map(([, g]) => g.size),
          );
    bucket.forEach(([name, g], i) => {
      means.set(name, tf.reshape(parts[i]!, g.shape));
    });
  }
  return new Map([...grads.keys()].map((name) => [name, means.get(name)!]));
}

function bucketsOf(grads: readonly (readonly [string, Tensor])[]) {
  const buckets: (readonly [string, Tensor])[][] = [];
  let size = Infinity;
  for (const entry of grads) {
    if (size + entry[1].size > BUCKET) {
      buckets.push([]);
      size = 0;
    }
    buckets.at(-1)!.push(entry);
    size += entry[1].size;
  }
  return buckets;
}

/** The means over the ranks of a step's metrics, with what any rank asks of all. */
export function meanMetrics(metrics: StepMetricsOf<Tensor>, at: StepInputs): StepMetricsOf<Tensor> {
  if (ranksOfStep() === undefined) return metrics;
  const ask = (what: "leave" | "save") => at.scalar(({ asks }) => Number(asks?.[what] ?? false));
  const { tensors, rebuild } = flatten<Tensor>({
    ...metrics,
    asks: { leave: ask("leave"), save: ask("save") },
  });
  const means = meanOverRanks(tf.stack(tensors.map((t) => tf.reshape(t, []) as Tensor)));
  return rebuild<Tensor>(tf.unstack(means));
}
