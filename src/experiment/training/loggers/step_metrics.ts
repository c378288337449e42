/** What one step gives to log: the weighted `total`, each unweighted term, and what the model logs besides. */
export interface StepMetricsOf<T> {
  readonly total: T;
  readonly terms: Readonly<Record<string, T>>;
  readonly scalars: Readonly<Record<string, T>>;
  /** Global L2 norm of the gradient before clipping, the largest over the phases; 0 in evaluation. */
  readonly gradNorm: T;
  /** Of several ranks: what any of them asks all to do after the step; not 0: it does. */
  readonly asks?: Readonly<Record<"leave" | "save", T>>;
}
export type StepMetrics = StepMetricsOf<number>;

/** The learning rate of every phase, or that of each by its name. */
export type Rates = number | Readonly<Record<string, number>>;
