import { type Named, type Scalar, type Tensor, tf } from "../../tf.ts";
import { meanSquaredError } from "./reconstruction.ts";

/**
 * The feature perceptual loss of each layer, mean over the batch: L_l = 1/(2 C H W) sum (phi_l(x) -
 * phi_l(x_hat))^2 (Hou et al., arXiv 1610.00291, eq. 4). `target`, `output`: maps [B, h, w, c] by layer.
 */
export function featureLosses(target: Named<Tensor>, output: Named<Tensor>): Record<string, Scalar> {
  return Object.fromEntries(
    Object.entries(target).map(([layer, t]) => [layer, tf.mul(0.5, meanSquaredError(t, output[layer]!))]),
  );
}

/** The sum of scalars. */
export function sumOf(losses: Named<Scalar>): Scalar {
  return Object.values(losses).reduce((a, b) => tf.add(a, b));
}
