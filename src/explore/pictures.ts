import { UserError } from "../errors.ts";
import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import type { DrawImages } from "../samplers/define.ts";
import { tf } from "../tf.ts";
import { sampleLabels } from "./given_labels.ts";
import { concatImages, type Images, inBatches, readImages } from "./images.ts";
import { exploring } from "./latents.ts";
import { TemperedRng } from "./tempered_rng.ts";

/** Images computed at a time. */
const BATCH = 64;

export interface SampleOptions {
  /** Factor on normal noise: 1 the density itself, below nearer to its mode, less varied; 1 where left out. */
  readonly temperature?: number;
  /** Values of labels by column, for a model that is conditioned on them; it chooses the others. */
  readonly given?: ReadonlyMap<number, number>;
  /** What draws; the model's prior where left out. */
  readonly draw?: DrawImages | undefined;
}

/**
 * `count` images decoded from the prior, or what `draw` draws in its place.
 *
 * @throws UserError where the model has no prior, or nothing draws normal noise for a temperature other than 1
 */
export async function sample(
  vae: VAE,
  count: number,
  rng: Rng,
  { temperature = 1, given = new Map(), draw = prior(vae) }: SampleOptions = {},
): Promise<Images> {
  const tempered = temperature === 1 ? undefined : TemperedRng.of(rng, temperature);
  const drawn: Images[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const stream = from === 0 ? (tempered ?? rng) : (tempered ?? rng).fold(from);
    const n = Math.min(BATCH, count - from);
    const labels = sampleLabels(vae, n, stream, given);
    const made = tf.tidy(() =>
      draw(n, exploring(stream, labels && tf.tensor2d(labels, [n, labels.length / n]))),
    );
    drawn.push(await readImages(made));
  }
  if (tempered !== undefined && !tempered.used) {
    throw new UserError(
      "--temperature: expected a model whose prior draws normal noise, got one that draws none. Leave it out.",
    );
  }
  return concatImages(drawn);
}

function prior(vae: VAE): DrawImages {
  if (vae.sample !== undefined) return (count, ctx) => vae.sample!(count, ctx);
  throw new UserError("this model has no prior to sample: vae reconstruct and vae encode work with it.");
}

/** The images decoded from the posterior's mean or mode, [N, H, W, C]. */
export async function reconstruct(vae: VAE, all: Images, rng: Rng): Promise<Images> {
  const parts: Images[] = [];
  for (const { images, shape, labels } of inBatches(all, BATCH)) {
    const made = tf.tidy(() => {
      const conditions = labels && tf.tensor2d(labels, [shape[0], labels.length / shape[0]]);
      return vae.reconstruct(tf.tensor4d(images, [...shape]), exploring(rng, conditions));
    });
    parts.push(await readImages(made));
  }
  return concatImages(parts);
}
