import { untaped } from "../../nn/untaped.ts";
import { type Scalar, type Tensor2D, tf } from "../../tf.ts";

/** |difference| below which a power's slope is that of this one: of a power below 2 it has none, or a jump, at 0. */
const SMALL = 1e-12;

/**
 * The sliced Wasserstein distance to the power p of the distributions of `x` and `y`, [N, D] each: the mean over directions
 * and over the N of |a_(i) - b_(i)|^p, a and b being the projections onto a direction and (i) the i-th smallest (Kolouri
 * et al., arXiv 1804.01947, algorithm 1). 0 for equal sets. `directions` [S, D], of length 1. No gradient goes
 * to `y`.
 */
export function slicedWasserstein(x: Tensor2D, y: Tensor2D, directions: Tensor2D, p: number): Scalar {
  const project = (t: Tensor2D): Tensor2D => tf.matMul(directions, t, false, true); // [S, N]
  const a = project(x);
  const b = project(y);
  const { partners } = untaped(a, (a) => ({ partners: partnersOf(a, b) }));
  return tf.mean(power(tf.sub<Tensor2D>(a, partners), p));
}

/** For each of `a` the one of `b` that has its rank, in each row: [S, N]. */
function partnersOf(a: Tensor2D, b: Tensor2D): Tensor2D {
  const [rows, n] = a.shape;
  const apart = tf.abs(tf.sub(tf.reshape(ranks(a), [rows, n, 1]), tf.reshape(ranks(b), [rows, 1, n])));
  const same = tf.relu(tf.sub(1, apart)); // 1 where ranks are equal, else 0
  return tf.sum(tf.mul(same, tf.reshape(b, [rows, 1, n])), 2);
}

/** The rank of each value in its row, 0 to N - 1, of equal ones the first first: by ops that every backend has, [S, N]. */
function ranks(x: Tensor2D): Tensor2D {
  const [rows, n] = x.shape;
  const ahead = tf.sub(tf.reshape(x, [rows, n, 1]), tf.reshape(x, [rows, 1, n])); // x_i - x_j
  const below = tf.step(ahead);
  const equal = tf.sub(tf.sub(1, below), tf.step(tf.neg(ahead)));
  const earlier = Float32Array.from({ length: n * n }, (_, at) => (at % n < Math.floor(at / n) ? 1 : 0));
  const before = tf.add(below, tf.mul(equal, tf.tensor3d(earlier, [1, n, n])));
  return tf.sum(before, 2);
}

function power(difference: Tensor2D, p: number): Tensor2D {
  if (p === 2) return tf.square(difference);
  const size = tf.abs(difference);
  return p === 1 ? size : tf.exp(tf.mul<Tensor2D>(p, tf.log(tf.add(size, SMALL))));
}
