import { type Scalar, type Tensor, tf } from "../tf.ts";

export type GlobalNorm = (tensors: readonly Tensor[]) => Scalar;

const own = new Map<string, GlobalNorm>();

/** Gives a backend its own way. */
export function registerGlobalNorm(backend: string, norm: GlobalNorm): void {
  own.set(backend, norm);
}

/** The Euclidean norm of all values of `tensors` together, on the backend in use. Without a gradient. */
export const globalNorm: GlobalNorm = (tensors) => (own.get(tf.getBackend()) ?? plain)(tensors);

const plain: GlobalNorm = (tensors) => tf.sqrt(tf.addN(tensors.map((t) => tf.sum(tf.square(t))))) as Scalar;
