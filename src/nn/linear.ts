import { biasAdd } from "../backends/nn_ops.ts";
import { type Tensor1D, type Tensor2D, tf } from "../tf.ts";
import { initBias, initWeight } from "./init.ts";
import type { Layer, Scope } from "./params.ts";

/** A dense layer [B, inputs] -> [B, outputs]; weight [inputs, outputs]. */
export function linear(scope: Scope, inputs: number, outputs: number): Layer {
  const w = scope.declare("weight", [inputs, outputs], initWeight(scope.init, inputs), { torchLayout: "OI" });
  const b = scope.declare("bias", [outputs], initBias(scope.init, inputs));
  return (x) =>
    biasAdd(tf.matMul(x as Tensor2D, w.value as unknown as Tensor2D), b.value as unknown as Tensor1D);
}
