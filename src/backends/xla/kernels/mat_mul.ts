import type { _FusedMatMulAttrs, BatchMatMulAttrs } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import { dot } from "../stablehlo/contract.ts";
import { add } from "../stablehlo/elementwise.ts";
import { broadcastTo, reshape } from "../stablehlo/shape.ts";
import { sizeOf } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import type { Lowerings } from "./lowering.ts";
import { activate } from "./unary.ts";

function matMul(a: Value, b: Value, { transposeA, transposeB }: BatchMatMulAttrs): Value {
  if (a.shape.length === 2 && b.shape.length === 2)
    return dot(a, b, [transposeA ? 0 : 1, transposeB ? 1 : 0]);
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
  const flat = (x: Value) => {
    const inner = x.shape.slice(-2);
    return reshape(broadcastTo(x, [...outer, ...inner]), [sizeOf(outer), ...inner]);
  };
  const y = dot(flat(a), flat(b), [transposeA ? 1 : 2, transposeB ? 2 : 1], { batch: [[0], [0]] });
  return reshape(y, [...outer, ...y.shape.slice(1)]);
}

export const matMulKernels: Lowerings = {
  BatchMatMul: ({ a, b }, attrs: BatchMatMulAttrs) => matMul(a!, b!, attrs),
  _FusedMatMul: ({ a, b, bias }, attrs: _FusedMatMulAttrs) => {
    const y = matMul(a!, b!, attrs);
    const shifted = bias === undefined ? y : add(y, broadcastTo(bias, y.shape));
    return activate(shifted, attrs.activation, attrs.leakyreluAlpha);
  },
};
