import { type Tensor1D, type Tensor2D, tf } from "../tf.ts";
import { type LatentCodes, type Scale, scaleOf } from "./codes.ts";
import type { State } from "./define.ts";

/** z with each dimension brought to mean 0 and variance 1, and back. */
export interface Scaling {
  /** Both [B, D] to [B, D]. */
  apply(z: Tensor2D): Tensor2D;
  undo(scaled: Tensor2D): Tensor2D;
  /** log |det| of `apply`: what it adds to log p. */
  readonly logDet: number;
  /** To be saved with what stands behind it. */
  readonly state: State;
  dispose(): void;
}

/** That of codes. */
export const scalingTo = (codes: LatentCodes): Scaling => scaling(scaleOf(codes));

/** One that was saved. */
export const scalingFrom = (state: State): Scaling =>
  scaling({
    mean: state.get("scale.mean")!.data as Float32Array,
    deviation: state.get("scale.deviation")!.data as Float32Array,
  });

function scaling({ mean, deviation }: Scale): Scaling {
  const [shift, factor]: Tensor1D[] = [tf.tensor1d(mean), tf.tensor1d(deviation)];
  return {
    apply: (z) => tf.div(tf.sub(z, shift!), factor!),
    undo: (scaled) => tf.add(tf.mul(scaled, factor!), shift!),
    logDet: -deviation.reduce((sum, s) => sum + Math.log(s), 0),
    state: new Map([
      ["scale.mean", { shape: [mean.length], data: mean }],
      ["scale.deviation", { shape: [mean.length], data: deviation }],
    ]),
    dispose: () => tf.dispose([shift!, factor!]),
  };
}
