import { DataError } from "../../errors.ts";
import { conv2d } from "../../nn/conv.ts";
import { linear } from "../../nn/linear.ts";
import type { Pass, Scope } from "../../nn/params.ts";
import type { Rng } from "../../rng.ts";
import { type Tensor, type Tensor2D, type Tensor4D, tf } from "../../tf.ts";
import type { Ctx, Label, LabelNeeds } from "../vae.ts";

/** What a model on the convolutional encoder and decoder adds to their inputs. */
export interface Conditioning {
  /** Channels that the encoder gets, and numbers that the decoder gets besides z. */
  readonly channels: number;
  readonly width: number;
  /** [B, H, W, C] -> [B, H, W, channels]. */
  images(images: Tensor4D, pass: Pass, ctx: Ctx): Tensor4D;
  /** [B, D] -> [B, D + width]. */
  latents(z: Tensor2D, ctx: Ctx): Tensor2D;
}

/** Numbers that a label makes: one a value, or the label itself where it has two values or is no class. */
const widthOf = ({ values = 0 }: Label): number => (values > 2 ? values : 1);

type Columns = Pick<LabelNeeds, "all" | "used">;

/** Numbers that the labels used make. */
export function conditionWidth({ all, used }: Columns): number {
  return used.reduce((sum, column) => sum + widthOf(all[column]!), 0);
}

/**
 * `ctx.labels` [B, L] as numbers of about 0 to 1, [B, conditionWidth]: classes one-hot.
 *
 * @throws DataError where the labels are missing
 */
export function conditionOf({ all, used }: Columns, { labels }: Ctx): Tensor2D {
  const names = used.map((column) => all[column]!.name);
  if (labels === undefined || labels.shape[1] !== all.length) {
    throw new DataError(
      `expected images with labels (${names.join(", ")}), on which this model is conditioned, got ` +
        `${labels === undefined ? "none" : `${labels.shape[1]} of ${all.length}`}. Give them: ` +
        names.map((name) => `--label ${name}=0`).join(" "),
    );
  }
  const parts = used.map((column) => {
    const label = tf.slice(labels as Tensor2D, [0, column], [labels.shape[0]!, 1]);
    const width = widthOf(all[column]!);
    if (width === 1) return label;
    const values = tf.tensor2d(
      Float32Array.from({ length: width }, (_, i) => i),
      [1, width],
    );
    return tf.relu(tf.sub(1, tf.abs(tf.sub(label, values)))); // one-hot, by ops that every backend has
  });
  return (parts.length === 1 ? parts[0]! : tf.concat(parts, 1)) as Tensor2D;
}

/**
 * PyTorch-VAE's way to condition: the labels as a plane of the image's size, by a dense layer, beside the image, by a
 * 1x1 convolution, for the encoder; beside z for the decoder.
 */
export function planeConditioning(
  scope: Scope,
  needs: LabelNeeds,
  [height, width, channels]: readonly [number, number, number],
): Conditioning {
  const count = conditionWidth(needs);
  const embedLabels = linear(scope.at("embed_class"), count, height * width);
  const embedImages = conv2d(scope.at("embed_data"), channels, channels, { kernel: 1 });
  return {
    channels: channels + 1,
    width: count,
    images(images, pass, ctx) {
      const plane = tf.reshape(embedLabels(conditionOf(needs, ctx), pass), [-1, height, width, 1]);
      return tf.concat([embedImages(images, pass) as Tensor4D, plane as Tensor4D], 3);
    },
    latents: (z, ctx) => tf.concat([z, conditionOf(needs, ctx)], 1),
  };
}

/**
 * Labels for `count` samples, packed [count, L]: those of training images, a whole row each, so that they go together as
 * they do there; with the values `given` by column. The one label used takes its values in turn, where it has some.
 */
export function labelsForSamples(
  { all, used, draw }: LabelNeeds,
  count: number,
  rng: Rng,
  given: ReadonlyMap<number, number> = new Map(),
): Float32Array {
  const labels = draw(count, rng.fold("labels"), given);
  const [only, ...others] = used;
  const values = others.length === 0 ? all[only!]!.values : undefined;
  return labels.map((value, i) => {
    const [row, column] = [Math.floor(i / all.length), i % all.length];
    return given.get(column) ?? (values !== undefined && column === only ? row % values : value);
  });
}

/** The labels of `count` images as a tensor, [count, L]. */
export const labelTensor = (labels: Float32Array, count: number): Tensor =>
  tf.tensor2d(labels, [count, labels.length / count]);
