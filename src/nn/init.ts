import type { Rng } from "../rng.ts";

/**
 * `pytorch`: uniform in ±1/sqrt(fan_in) for weights and biases, the default of torch.nn's linear and
 * convolution layers (kaiming_uniform with a = sqrt 5). `normal`: weights N(0, 0.02), biases 0, as in the
 * DFC-VAE paper (arXiv 1610.00291, 4.1). `he`: weights N(0, 2 / fan_in), biases 0 (arXiv 1502.01852, eq. 10).
 */
export type WeightInit = "pytorch" | "normal" | "he";

export const constant =
  (value: number) =>
  (_: Rng, count: number): Float32Array =>
    new Float32Array(count).fill(value);

/** Initial values of a weight with `fanIn` inputs an output. */
export function initWeight(init: WeightInit, fanIn: number) {
  if (init === "pytorch") return uniform(1 / Math.sqrt(fanIn));
  const deviation = init === "normal" ? 0.02 : Math.sqrt(2 / fanIn);
  return (rng: Rng, count: number) => rng.normalArray(count).map((v) => v * deviation);
}

/** Initial values of the bias beside such a weight. */
export function initBias(init: WeightInit, fanIn: number) {
  return init === "pytorch" ? uniform(1 / Math.sqrt(fanIn)) : constant(0);
}

const uniform =
  (bound: number) =>
  (rng: Rng, count: number): Float32Array =>
    rng.uniformArray(count).map((v) => (2 * v - 1) * bound);
