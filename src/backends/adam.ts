import { type Scalar, type Tensor, tf, type Variable } from "../tf.ts";

/** The variables of one parameter under Adam: itself, the gradient's first and second moment. */
export interface AdamVariables {
  readonly p: Variable;
  readonly m: Variable;
  readonly v: Variable;
}

export interface AdamStep {
  readonly beta1: number;
  readonly beta2: number;
  /** Learning rate over 1 - beta1^t, times sqrt(1 - beta2^t). */
  readonly rate: Scalar;
  /** Epsilon times sqrt(1 - beta2^t). */
  readonly epsilon: Scalar;
}

/**
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p = p - rate m / (sqrt(v) + epsilon): Adam in the
 * order of arXiv 1412.6980, end of section 2.
 */
export type AdamUpdate = (variables: AdamVariables, grad: Tensor, step: AdamStep) => void;

const own = new Map<string, AdamUpdate>();

/** Gives a backend its own way, in place. */
export function registerAdam(backend: string, update: AdamUpdate): void {
  own.set(backend, update);
}

/** Adam's update on the backend in use. */
export const adamUpdate: AdamUpdate = (variables, grad, step) =>
  (own.get(tf.getBackend()) ?? plain)(variables, grad, step);

const plain: AdamUpdate = ({ p, m, v }, grad, { beta1, beta2, rate, epsilon }) =>
  tf.tidy(() => {
    m.assign(tf.add(tf.mul(m, beta1), tf.mul(grad, 1 - beta1)));
    v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(grad), 1 - beta2)));
    p.assign(tf.sub(p, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), epsilon))));
  });
