import type { Loader } from "../../data/loader.ts";
import { type Images, inBatches } from "../../explore/images.ts";
import { exploring } from "../../explore/latents.ts";
import type { FittedPrior, Posterior, VAE } from "../../models/vae.ts";
import { nextTurn } from "../../process/turn.ts";
import type { Rng } from "../../rng.ts";
import { type Named, type Tensor4D, tf } from "../../tf.ts";
import type { Prepared } from "./prepared.ts";

/** Training images that is fitted to, at most; fewer where they would take above 128 MB. */
const IMAGES = 2048;
const LARGEST = 2 ** 25;
/** Images encoded at a time. */
const BATCH = 64;

/** Those that all is fitted to: from all over the split, the same at every call. */
export async function fittedTo(train: Loader): Promise<Generator<Images>> {
  const { shape } = await train.spread(1);
  const host = await train.spread(Math.min(IMAGES, Math.floor(LARGEST / (shape[1] * shape[2] * shape[3]))));
  return inBatches(host, BATCH);
}

/** Metrics of a fit, also of a plugin that gives them by their older name. */
export const metricsOfFit = ({ metrics, figures }: FittedPrior): Named<number> => metrics ?? figures ?? {};

/**
 * Fits the prior of a model that has one to fit (`VAE.fitPrior`), to training images from all over the split, the same at
 * every call; returns the metrics of the fit. The model's parameters have to be readable.
 */
export async function fitPrior({
  vae,
  train,
  rng: root,
}: Pick<Prepared, "vae" | "train" | "rng">): Promise<Readonly<Record<string, number>>> {
  if (vae.fitPrior === undefined) return {};
  return fitPriorTo(vae, await fittedTo(train), root.fold("fit prior"));
}

/** Fits it to the images of `batches`, one of which is in memory at a time. */
export async function fitPriorTo(
  vae: VAE,
  batches: Iterable<Images> | AsyncIterable<Images>,
  rng: Rng,
): Promise<Readonly<Record<string, number>>> {
  const posteriors: Named<Posterior>[] = [];
  try {
    for await (const { images, shape, labels } of batches) {
      const batch = posteriors.length;
      const found = tf.tidy(() => {
        const x = tf.tensor4d(images, [...shape]) as Tensor4D;
        const given = labels && tf.tensor2d(labels, [shape[0], labels.length / shape[0]]);
        return vae.encode(x, exploring(rng.fold(batch), given)).posterior as never;
      });
      posteriors.push(found);
      await nextTurn();
    }
    const fitted = vae.fitPrior!(posteriors);
    for (const [name, value] of Object.entries(fitted.values)) {
      vae.params.get(name)!.value.assign(value);
      value.dispose();
    }
    return metricsOfFit(fitted);
  } finally {
    tf.dispose(posteriors as never);
  }
}
