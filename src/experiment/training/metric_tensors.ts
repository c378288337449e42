import { type Tensor, tf } from "../../tf.ts";
import type { StepMetrics, StepMetricsOf } from "./loggers/step_metrics.ts";

/** The metrics as numbers; their tensors are disposed. */
export function readMetrics(metrics: StepMetricsOf<Tensor>): StepMetrics {
  const { tensors, rebuild } = flatten(metrics);
  const numbers = tensors.map((t) => t.dataSync()[0]!);
  tf.dispose(tensors);
  return rebuild(numbers);
}

/** Metrics as a list, and the way back from a list of their values. */
export function flatten<T extends Tensor | number>(metrics: StepMetricsOf<T>) {
  const { total, gradNorm, terms, scalars, asks } = metrics;
  const named = { terms, scalars, ...(asks && { asks }) };
  const groups = Object.entries<Readonly<Record<string, T>>>(named).map(
    ([group, values]) => [group, Object.keys(values)] as const,
  );
  return {
    tensors: [
      total,
      gradNorm,
      ...Object.values<Readonly<Record<string, T>>>(named).flatMap((of) => Object.values(of)),
    ],
    rebuild<V>(values: readonly V[]): StepMetricsOf<V> {
      let at = 2;
      const rebuilt = groups.map(([group, names]) => [
        group,
        Object.fromEntries(names.map((name) => [name, values[at++]!])),
      ]);
      return { total: values[0]!, gradNorm: values[1]!, ...Object.fromEntries(rebuilt) };
    },
  };
}

/** The metrics of a step by those of its batches: their means, and the norm of the gradient that it took by the last. */
export function overBatches(all: readonly StepMetrics[]): StepMetrics {
  const [first] = all as [StepMetrics, ...StepMetrics[]];
  if (all.length === 1) return first;
  const mean = (of: (metrics: StepMetrics) => number) =>
    all.reduce((sum, metrics) => sum + of(metrics), 0) / all.length;
  const means = (kind: "terms" | "scalars") =>
    Object.fromEntries(Object.keys(first[kind]).map((name) => [name, mean((m) => m[kind][name]!)]));
  const { gradNorm, asks } = all.at(-1)!;
  return {
    total: mean(({ total }) => total),
    gradNorm,
    terms: means("terms"),
    scalars: means("scalars"),
    ...(asks && { asks }),
  };
}
