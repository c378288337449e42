import type { FusedBatchNormAttrs } from "../../../tf.ts";
import {
  BATCH_NORM_TRAINING,
  BATCH_NORM_TRAINING_GRAD,
  type BatchNormAttrs,
} from "../../batch_norm_training.ts";
import {
  add,
  constant,
  isPositive,
  like,
  multiply,
  scale,
  select,
  square,
  subtract,
  unary,
} from "../stablehlo/elementwise.ts";
import { reduce } from "../stablehlo/reduce.ts";
import { broadcastTo } from "../stablehlo/shape.ts";
import { sizeOf } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import { type Inputs, type Lowerings, spaceAxes } from "./lowering.ts";
import { leakyRelu } from "./unary.ts";

/** Values a channel. */
const countOf = (x: Value): number => sizeOf(x.shape) / x.shape.at(-1)!;
const sumOf = (x: Value): Value => reduce("add", x, spaceAxes(x));
const meanOf = (x: Value): Value => scale(sumOf(x), 1 / countOf(x));

/** In two passes: the variance is that of the centred values. */
function training(x: Value, gain: Value, offset: Value, { epsilon, slope }: BatchNormAttrs): Value[] {
  const spread = (y: Value) => broadcastTo(y, x.shape);
  const mean = meanOf(x);
  const centred = subtract(x, spread(mean));
  const biased = meanOf(square(centred));
  const inverse = unary("rsqrt", add(biased, like(biased, epsilon)));
  const normal = add(multiply(centred, spread(multiply(inverse, gain))), spread(offset));
  const y = slope === 1 ? normal : leakyRelu(normal, slope);
  const count = countOf(x);
  return [y, mean, scale(biased, count / Math.max(1, count - 1)), mean, inverse, constant("float32", 0)];
}

function gradient(
  { dy: outer, x, y, scale: gain, reserved0, reserved1 }: Inputs,
  { slope }: BatchNormAttrs,
): Value[] {
  const spread = (v: Value) => broadcastTo(v, x!.shape);
  const [mean, inverse] = [reserved0!, reserved1!];
  const dy = slope === 1 ? outer! : select(isPositive(y!), outer!, scale(outer!, slope));
  const normal = multiply(subtract(x!, spread(mean)), spread(inverse));
  const dOffset = sumOf(dy);
  const dGain = sumOf(multiply(dy, normal));
  const share = 1 / countOf(x!);
  const common = add(spread(scale(dOffset, share)), multiply(normal, spread(scale(dGain, share))));
  return [multiply(subtract(dy, common), spread(multiply(gain!, inverse))), dGain, dOffset];
}

/** By given statistics, as in evaluation. */
function evaluation(
  { x, mean, variance, scale: gain, offset }: Inputs,
  { varianceEpsilon }: FusedBatchNormAttrs,
): Value {
  const spread = (y: Value) => broadcastTo(y, x!.shape);
  const inverse = unary("rsqrt", add(variance!, like(variance!, varianceEpsilon)));
  const factor = gain === undefined ? inverse : multiply(inverse, gain);
  const y = multiply(subtract(x!, spread(mean!)), spread(factor));
  return offset === undefined ? y : add(y, spread(offset));
}

export const batchNormKernels: Lowerings = {
  FusedBatchNorm: (inputs, attrs: FusedBatchNormAttrs) => evaluation(inputs, attrs),
  [BATCH_NORM_TRAINING]: ({ x, scale, offset }, attrs: BatchNormAttrs) =>
    training(x!, scale!, offset!, attrs),
  [BATCH_NORM_TRAINING_GRAD]: (inputs, attrs: BatchNormAttrs) => gradient(inputs, attrs),
};
