import { type Tensor, tf } from "../tf.ts";

/** x sigmoid(x) (arXiv 1702.03118). */
export const silu = (x: Tensor): Tensor => tf.mul(x, tf.sigmoid(x));
