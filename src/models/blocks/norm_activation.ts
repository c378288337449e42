import { batchNorm2d } from "../../nn/batch_norm.ts";
import { type Layer, leakyRelu, type Scope } from "../../nn/params.ts";
import type { ConvOptions } from "./options.ts";

/** What follows a convolution: batch norm, unless `batch_norm` is false, and LeakyReLU. */
export function normActivation(
  scope: Scope,
  channels: number,
  epsilon: number,
  { batch_norm, leaky_slope }: Pick<ConvOptions, "batch_norm" | "leaky_slope">,
): Layer {
  return batch_norm === false ? leakyRelu(leaky_slope) : batchNorm2d(scope, channels, epsilon, leaky_slope);
}
