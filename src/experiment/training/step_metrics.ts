import { type Tensor, tf } from "../../tf.ts";

/** What one step gives to log: the weighted `total`, each unweighted term, and what the model logs besides. */
export interface StepMetricsOf<T> {
  readonly total: T;
  readonly terms: Readonly<Record<string, T>>;
  readonly scalars: Readonly<Record<string, T>>;
  /** Global L2 norm of the gradient before clipping, the largest over the phases; 0 in evaluation. */
  readonly gradNorm: T;
}
export type StepMetrics = StepMetricsOf<number>;

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
