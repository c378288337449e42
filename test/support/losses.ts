import { newCtx } from "../../src/models/ctx.ts";
import type { VAE } from "../../src/models/vae.ts";
import type { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";

/** Terms and scalars of a model's first phase in evaluation mode, as numbers. */
export function lossOf(vae: VAE, images: Tensor4D, rng: Rng): Record<string, number> {
  return tf.tidy(() => {
    const { terms, scalars } = vae.phases[0]!.loss({ images }, newCtx({ training: false, rng }), {});
    return Object.fromEntries(
      Object.entries({ ...terms, ...scalars }).map(([name, t]) => [name, t!.dataSync()[0]!]),
    );
  }) as unknown as Record<string, number>;
}
