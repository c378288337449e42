import type { LeakyReluAttrs } from "../../../tf.ts";
import { BIAS_ADD, BIAS_ADD_GRAD, LEAKY_RELU_GRAD, MEAN_SQUARED_ERROR, RELU_GRAD } from "../../nn_ops.ts";
import { add, isPositive, like, scale, select, square, subtract } from "../stablehlo/elementwise.ts";
import { reduce } from "../stablehlo/reduce.ts";
import { broadcastTo } from "../stablehlo/shape.ts";
import { sizeOf } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import { type Lowerings, spaceAxes } from "./lowering.ts";

function meanSquaredError(x: Value, y: Value): Value {
  const axes = x.shape.map((_, d) => d);
  return scale(reduce("add", square(subtract(x, y)), axes), 1 / sizeOf(x.shape));
}

/** The kernels of nn_ops.ts. */
export const nnKernels: Lowerings = {
  [BIAS_ADD]: ({ x, bias }) => add(x!, broadcastTo(bias!, x!.shape)),
  [BIAS_ADD_GRAD]: ({ dy }) => reduce("add", dy!, spaceAxes(dy!)),
  [LEAKY_RELU_GRAD]: ({ dy, x }, { alpha }: LeakyReluAttrs) => select(isPositive(x!), dy!, scale(dy!, alpha)),
  [MEAN_SQUARED_ERROR]: ({ x, y }) => meanSquaredError(x!, y!),
  [RELU_GRAD]: ({ dy, x }) => select(isPositive(x!), dy!, like(dy!, 0)),
};
