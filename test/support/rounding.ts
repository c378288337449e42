import type { VAE } from "../../src/models/vae.ts";
import { tf } from "../../src/tf.ts";

/** Half the distance of two neighbouring float32, as a share. */
const ROUNDING = 6e-8;

/** Begins each parameter elsewhere, by a rounding at most: what two exact computations of one run may differ by, trained. */
export function beginARoundingAway({ params }: VAE, seed: number): void {
  for (const [i, { value }] of [...params.values()].entries())
    tf.tidy(() => {
      const share = tf.randomUniform(value.shape, -ROUNDING, ROUNDING, "float32", 1000 * seed + i);
      value.assign(value.add(value.mul(share)));
    });
}
