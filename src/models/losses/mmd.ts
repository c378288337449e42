import { type Scalar, type Tensor2D, tf } from "../../tf.ts";

/** k of squared distances, which may be of any shape. */
export type Kernel = (squares: Tensor2D) => Tensor2D;

/** The scales of the WAE's kernel, those of its authors' code. */
export const IMQ_SCALES: readonly number[] = [0.1, 0.2, 0.5, 1, 2, 5, 10];

/** k(x, y) = exp(-|x - y|^2 / c): 1 for equal vectors. */
export const rbfKernel =
  (c: number): Kernel =>
  (squares) =>
    tf.exp(tf.div<Tensor2D>(squares, -c));

/**
 * The inverse multiquadratics kernel, a sum over scales s of s c / (s c + |x - y|^2): as many as there are scales for equal
 * vectors. Its tails are heavy, so that vectors far from all others have a gradient too (arXiv 1711.01558, section 4).
 */
export const imqKernel =
  (c: number, scales = IMQ_SCALES): Kernel =>
  (squares) =>
    scales.map((s) => tf.div<Tensor2D>(s * c, tf.add(squares, s * c))).reduce((a, b) => tf.add(a, b));

/** |x_i - y_j|^2, [N, M], of `x` [N, D] and `y` [M, D]; not below 0. */
function squaredDistances(x: Tensor2D, y: Tensor2D): Tensor2D {
  const norms = (t: Tensor2D) => tf.sum(tf.square(t), 1, true);
  const inner = tf.matMul(x, y, false, true);
  return tf.relu(tf.sub<Tensor2D>(tf.add(norms(x), tf.transpose(norms(y))), tf.mul(2, inner)));
}

/**
 * The squared maximum mean discrepancy of the distributions of `x` and `y`, [N, D] each, without bias: mean of k(x_i, x_j)
 * over i != j, and of y alike, less twice the mean of all k(x_i, y_j) (arXiv 1711.01558, algorithm 2; Gretton et al. 2012,
 * eq. 3). 0 in expectation where the two are one, so that it can be below 0. Of one vector each, which have no pairs,
 * -2 k(x, y).
 */
export function maximumMeanDiscrepancy(x: Tensor2D, y: Tensor2D, kernel: Kernel): Scalar {
  const [n] = x.shape;
  const others = tf.sub(1, tf.eye(n));
  const within = (t: Tensor2D) => tf.sum<Scalar>(tf.mul(kernel(squaredDistances(t, t)), others));
  const pairs = tf.add<Scalar>(within(x), within(y));
  const across = tf.mean<Scalar>(kernel(squaredDistances(x, y)));
  return tf.sub(tf.div(pairs, Math.max(1, n * (n - 1))), tf.mul(2, across));
}
