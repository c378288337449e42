import { biasAdd } from "../backends/nn_ops.ts";
import { constant, initBias, initWeight } from "../nn/init.ts";
import type { Scope } from "../nn/params.ts";
import { type Tensor1D, type Tensor2D, tf } from "../tf.ts";

/** A map of z to noise u, one to one. */
export interface Bijection {
  /** u, [B, D], and log |det du/dz|, [B]. */
  forward(z: Tensor2D): { u: Tensor2D; logDet: Tensor1D };
  /** z, [B, D], of u. */
  inverse(u: Tensor2D): Tensor2D;
}

/** Where a log-scale flattens out, so that no step of training takes exp beyond what a float holds. */
const LIMIT = 5;

/**
 * A masked autoregressive flow (Papamakarios et al., arXiv 1705.07057, eq. 3 to 5): `blocks` times
 * u_i = (z_i - mu_i(z_1 … z_i-1)) exp(-alpha_i(z_1 … z_i-1)), the order of dimensions reversed between them. mu and alpha
 * are by one network each block, whose connections to what comes later are masked (MADE, arXiv 1502.03509), with `layers`
 * hidden layers of `width`. alpha is kept within ±5 by a tanh, which the paper doesn't. It begins as the identity.
 */
export function maskedAutoregressiveFlow(
  scope: Scope,
  dims: number,
  { blocks, layers, width }: { readonly blocks: number; readonly layers: number; readonly width: number },
): Bijection & { dispose(): void } {
  const mades = Array.from({ length: blocks }, (_, i) => made(scope.at(`${i}`), dims, layers, width));
  return {
    forward(z) {
      let u = z;
      let logDet: Tensor1D = tf.zeros([z.shape[0]]);
      for (const { parameters } of mades) {
        const { mean, logScale } = parameters(u);
        u = tf.reverse(tf.mul(tf.sub(u, mean), tf.exp(tf.neg(logScale))), 1) as Tensor2D;
        logDet = tf.sub(logDet, tf.sum(logScale, 1));
      }
      return { u, logDet };
    },
    inverse(u) {
      return [...mades].reverse().reduce((z, block) => invert(block, tf.reverse(z, 1) as Tensor2D), u);
    },
    dispose() {
      for (const { masks } of mades) tf.dispose(masks as Tensor2D[]);
    },
  };
}

interface Made {
  readonly parameters: (z: Tensor2D) => { mean: Tensor2D; logScale: Tensor2D };
  readonly masks: readonly Tensor2D[];
}

/** z of one block's u, a dimension at a time: each needs those before it. */
function invert({ parameters }: Made, u: Tensor2D): Tensor2D {
  const [, dims] = u.shape;
  let z = tf.zerosLike(u);
  for (let i = 0; i < dims; i++) {
    z = tf.tidy(() => {
      const { mean, logScale } = parameters(z);
      const next = tf.add<Tensor2D>(tf.mul(u, tf.exp(logScale)), mean);
      const known = tf.slice(next, [0, 0], [-1, i + 1]);
      return tf.pad(known, [
        [0, 0],
        [0, dims - i - 1],
      ]);
    });
  }
  return z;
}

/** Degrees of MADE (arXiv 1502.03509, eq. 8 to 11): a unit sees units of a degree no higher than its own. */
function made(scope: Scope, dims: number, layers: number, width: number): Made {
  const inputs = Array.from({ length: dims }, (_, i) => i + 1);
  const hidden = Array.from({ length: width }, (_, i) => 1 + (i % Math.max(1, dims - 1)));
  const degrees = [inputs, ...Array<number[]>(layers).fill(hidden)];
  const masks: Tensor2D[] = [];
  const dense = (at: Scope, from: readonly number[], to: readonly number[], outputs: boolean) => {
    const sees = (a: number, b: number) => (outputs ? a < b : a <= b);
    const mask = tf.tensor2d(
      from.flatMap((a) => to.map((b) => Number(sees(a, b)))),
      [from.length, to.length],
    );
    masks.push(mask);
    const weights = outputs ? constant(0) : initWeight("pytorch", from.length);
    const biases = outputs ? constant(0) : initBias("pytorch", from.length);
    const w = at.declare("weight", [from.length, to.length], weights);
    const b = at.declare("bias", [to.length], biases);
    return (x: Tensor2D) =>
      biasAdd(tf.matMul(x, tf.mul(w.value, mask) as Tensor2D), b.value as unknown as Tensor1D) as Tensor2D;
  };
  const hiddenLayers = degrees
    .slice(1)
    .map((to, i) => dense(scope.at(`hidden.${i}`), degrees[i]!, to, false));
  const last = degrees.at(-1)!;
  const mean = dense(scope.at("mean"), last, inputs, true);
  const logScale = dense(scope.at("log_scale"), last, inputs, true);
  return {
    masks,
    parameters(z) {
      const h = hiddenLayers.reduce((x, layer) => tf.relu(layer(x)), z);
      return { mean: mean(h), logScale: tf.mul(LIMIT, tf.tanh(tf.div(logScale(h), LIMIT))) };
    },
  };
}
