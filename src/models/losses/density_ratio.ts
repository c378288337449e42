import { type Scalar, type Tensor, type Tensor2D, tf } from "../../tf.ts";

/**
 * The total correlation KL(q(z) || prod_d q(z_d)) in nats by the density-ratio trick: the mean of log D(z) / (1 - D(z)),
 * the difference of a discriminator's two `logits`, [B, 2], of z and of permuted z. Unbounded on both sides while
 * the discriminator is not at its best. Kim & Mnih, arXiv 1802.05983, eq. 3.
 */
export function totalCorrelation(logits: Tensor2D): Scalar {
  return tf.mean(logOdds(logits));
}

/**
 * The discriminator's loss, -1/2 (mean log D(z) + mean log (1 - D(z'))) in nats: log 2 where it can't tell them apart.
 * `joint`, `permuted`: its logits of z and of permuted z, [B, 2] each. arXiv 1802.05983, algorithm 2.
 */
export function discriminatorLoss(joint: Tensor2D, permuted: Tensor2D): Scalar {
  const cost = tf.add(tf.mean(tf.softplus(tf.neg(logOdds(joint)))), tf.mean(tf.softplus(logOdds(permuted))));
  return tf.mul(0.5, cost);
}

/** The share of both that the discriminator tells rightly, 0 to 1; arguments as those of `discriminatorLoss`. */
export function discriminatorAccuracy(joint: Tensor2D, permuted: Tensor2D): Scalar {
  const right = (odds: Tensor) => tf.mean(tf.step(odds));
  return tf.mul(0.5, tf.add(right(logOdds(joint)), right(tf.neg(logOdds(permuted)))));
}

/** log D - log (1 - D), [B]. */
function logOdds(logits: Tensor2D): Tensor {
  const [joint, permuted] = tf.split(logits, 2, 1) as [Tensor, Tensor];
  return tf.reshape(tf.sub(joint, permuted), [logits.shape[0]]);
}
