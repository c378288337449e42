import type { Rng } from "../../rng.ts";
import type { FitArgs, GridSampler, LatentSampler, SamplerDefinition, State } from "../../samplers/define.ts";
import type { FitRecord } from "./sampler_files.ts";

export interface FitOptions {
  /** Images of the training split at most, from all over it. */
  readonly maxImages: number;
  readonly seed: number;
  /** By sampler, the options that were given. */
  readonly given: ReadonlyMap<SamplerDefinition, Readonly<Record<string, number>>>;
  /** Called while something is under way: what, rounds done, rounds at most. */
  progress?(what: string, done: number, total: number): void;
}

/** What came of a fit, with the numbers that every sampler has. */
export interface Made {
  readonly state: State;
  /** What z are of that it was fitted to. */
  readonly of?: Pick<FitRecord, "layout" | "grid">;
  readonly numbers: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

/** What a sampler's fit gets besides codes and options. */
export const argsOf = (name: string, rng: Rng, { progress }: FitOptions): FitArgs => ({
  rng: rng.fold(name),
  ...(progress && { progress: (done, total) => progress(name, done, total) }),
});

/** What was given, and the defaults of the others. */
export function completeOptions(
  definition: LatentSampler | GridSampler,
  { given }: FitOptions,
): Record<string, number> {
  const defaults = Object.entries(definition.options.properties).map(
    ([key, schema]) => [key, (schema as { readonly default: number }).default] as const,
  );
  return { ...Object.fromEntries(defaults), ...given.get(definition) };
}

/** Of numbers, one at least. */
export const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
