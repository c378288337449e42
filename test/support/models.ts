import type { Static, TObject } from "typebox";
import { Value } from "typebox/value";
import type { BuildArgs, ModelDefinition } from "../../src/models/define.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, tf } from "../../src/tf.ts";

/** A class, an attribute and a number of another kind. */
export const LABELS = [{ name: "class", values: 3 }, { name: "attribute", values: 2 }, { name: "number" }];

/** Labels of `count` images, packed [count, 3]. */
export const labelValues = (count: number): Float32Array =>
  Float32Array.from({ length: 3 * count }, (_, i) => [i % 3, i % 2, 0.5][i % 3]!);

/** A model with its schema's defaults, changed by `params` and `args`. */
export async function build<P extends TObject, T extends string>(
  model: ModelDefinition<P, T>,
  params: Record<string, unknown> = {},
  args: Partial<Omit<BuildArgs<unknown>, "params">> = {},
) {
  const filled = Value.Default(model.params, structuredClone(params)) as Static<P>;
  return model.build({
    params: filled,
    imageShape: [32, 32, 3],
    convention: "pixel_mean",
    natWeight: args.convention === "elbo" ? 1 : 0.00025,
    labels: async () => LABELS,
    drawLabels: async () => (count) => labelValues(count),
    trainingImages: () => 1000,
    imageRange: [0, 1],
    rng: Rng.fromSeed(1).fold("weights"),
    baseDir: ".",
    ...args,
  });
}

/** An Rng whose every draw is `noise`: for values made with noise of another program's. */
export function fixedNoise(noise: Tensor): Rng {
  const self = {
    fold: () => self,
    perImage: () => self,
    normal: (shape: number[]) => tf.reshape(noise, shape),
  };
  return self as unknown as Rng;
}

/** Largest absolute difference. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= worst)) worst = d;
  }
  return worst;
}
