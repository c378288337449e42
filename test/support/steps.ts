import type { HostBatch } from "../../src/data/loader.ts";
import type { Batch, Ctx, VAE } from "../../src/models/vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Scalar, type Tensor, tf } from "../../src/tf.ts";
import { labelValues } from "./models.ts";

/** Another batch at each step, of images of 32x32x3 with labels. */
export const host = (step: number, size = 4): HostBatch => ({
  images: Rng.fromSeed(5)
    .fold(step)
    .uniformArray(size * 32 * 32 * 3),
  labels: labelValues(size),
  shape: [size, 32, 32, 3],
  indices: Int32Array.from({ length: size }, (_, i) => i),
});

/** A VAE of one number, whose loss `extra` is what a test asks for. */
export function tinyModel(extra: (ctx: Ctx) => Tensor): VAE {
  const value = tf.variable(tf.scalar(1));
  return {
    params: new Map([["w", { value, trainable: true, torchLayout: "same" }]]),
    phases: [
      {
        name: "vae",
        owns: () => true,
        loss: ({ images }: Batch, ctx: Ctx) => ({
          terms: { extra: tf.mul<Scalar>(tf.mean(images), tf.mul(value, extra(ctx))) },
        }),
      },
    ],
  } as unknown as VAE;
}
