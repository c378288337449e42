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
export function flatten(metrics: StepMetricsOf<Tensor>): {
  tensors: Tensor[];
  rebuild(values: readonly number[]): StepMetrics;
} {
  const { total, gradNorm, terms, scalars } = metrics;
  const [termNames, scalarNames] = [Object.keys(terms), Object.keys(scalars)];
  return {
    tensors: [total, gradNorm, ...Object.values(terms), ...Object.values(scalars)],
    rebuild(values) {
      const byName = (names: string[], from: number) =>
        Object.fromEntries(names.map((name, i) => [name, values[from + i]!]));
      return {
        total: values[0]!,
        gradNorm: values[1]!,
        terms: byName(termNames, 2),
        scalars: byName(scalarNames, 2 + termNames.length),
      };
    },
  };
}
