import { concat } from "../concat.ts";
import { newCtx } from "../models/ctx.ts";
import type { Ctx, VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { type Named, type Tensor, type Tensor4D, tf } from "../tf.ts";
import type { Images } from "./images.ts";

/** How the latents of a model lie in one vector: all its tensors flat, one after the other. */
export interface LatentLayout {
  /** In the order of `encode`; `shape` without the batch, `from` the first place in the vector. */
  readonly parts: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly from: number;
    readonly size: number;
  }[];
  /** Length of the vector, D. */
  readonly size: number;
}

/** What a model makes of N images. */
export interface Latents {
  readonly count: number;
  readonly layout: LatentLayout;
  /** Where images lie: the posterior's mean, or where it isn't Gaussian the latents as `encode` gives them; [N, D]. */
  readonly mean: Float32Array;
  /** log of the posterior's variance, [N, D]; absent where a posterior isn't Gaussian. */
  readonly logVar?: Float32Array;
  /** One draw an image, [N, D]. */
  readonly z: Float32Array;
  /** Of a model whose one latent is a grid of codes, their numbers, [N, h, w]. */
  readonly codes?: { readonly shape: readonly number[]; readonly data: Int32Array };
}

/** An evaluation context: what a call depends on besides images and latents, conditions included. */
export const exploring = (rng: Rng, labels?: Tensor): Ctx => newCtx({ training: false, rng, labels });

/** The latents of one batch; `rng` draws z. */
export function encodeImages(vae: VAE, batch: Images, rng: Rng): Latents {
  let latents: Latents | undefined;
  tf.tidy(() => {
    latents = encodeTensors(vae, batch, rng);
  });
  return latents!;
}

function encodeTensors(vae: VAE, { images, shape, labels }: Images, rng: Rng): Latents {
  const count = shape[0];
  const condition = labels && tf.tensor2d(labels, [count, labels.length / count]);
  const { posterior, z } = vae.encode(tf.tensor4d(images, [...shape]), exploring(rng, condition));
  const layout = layoutOf(z);
  const gaussian = layout.parts.map(({ name }) => {
    const found = posterior[name];
    return found?.kind === "gaussian" ? found : undefined;
  });
  const drawn = layout.parts.map(({ name }) => z[name]!);
  const means = gaussian.map((g, i) => g?.mean ?? drawn[i]!);
  const [only, ...others] = Object.values(posterior);
  const codes = only?.kind === "codes" && others.length === 0 ? only.indices : undefined;
  const latents = {
    count,
    layout,
    mean: pack(means, layout, count),
    z: pack(drawn, layout, count),
    ...(codes && { codes: { shape: codes.shape, data: codes.dataSync() as Int32Array } }),
  };
  if (!gaussian.every((g) => g !== undefined)) return latents;
  const logVars = gaussian.map((g) => g.logVar);
  return { ...latents, logVar: pack(logVars, layout, count) };
}

/** The latents of all images of `batches`, one batch in memory at a time, with their labels where they have some. */
export async function encodeAll(
  vae: VAE,
  batches: AsyncIterable<Images> | Iterable<Images>,
  rng: Rng,
): Promise<Latents & { readonly labels?: Float32Array }> {
  const found: Latents[] = [];
  const labels: Float32Array[] = [];
  for await (const batch of batches) {
    found.push(encodeImages(vae, batch, rng.fold(found.length)));
    if (batch.labels !== undefined) labels.push(batch.labels);
    await new Promise(setImmediate); // signals get their turn
  }
  const [first] = found;
  if (first === undefined) throw new Error("encodeAll: no batches");
  const all = {
    count: found.reduce((sum, l) => sum + l.count, 0),
    layout: first.layout,
    mean: concat(found.map((l) => l.mean)),
    z: concat(found.map((l) => l.z)),
    ...(first.logVar && { logVar: concat(found.map((l) => l.logVar!)) }),
    ...(first.codes && { codes: allCodes(found) }),
  };
  return labels.length > 0 ? { ...all, labels: concat(labels) } : all;
}

function allCodes(found: readonly Latents[]): NonNullable<Latents["codes"]> {
  const [, ...grid] = found[0]!.codes!.shape;
  const data = found.map((l) => l.codes!.data);
  return {
    shape: [found.reduce((sum, l) => sum + l.count, 0), ...grid],
    data: Int32Array.from(data.flatMap((d) => [...d])),
  };
}

/**
 * The images of N vectors of `layout`, packed [N, H, W, C], `batchSize` at a time.
 *
 * @param labels conditions of the images, [N, L], for a model that wants some
 */
export function decodeVectors(
  vae: VAE,
  layout: LatentLayout,
  vectors: Float32Array,
  { rng, labels, batchSize = 64 }: { rng: Rng; labels?: Float32Array | undefined; batchSize?: number },
): Images {
  const count = vectors.length / layout.size;
  const width = labels && labels.length / count;
  const parts: Float32Array[] = [];
  let size: Images["shape"] = [0, 0, 0, 0];
  for (let from = 0; from < count; from += batchSize) {
    const n = Math.min(batchSize, count - from);
    const decoded: Tensor4D = tf.tidy(() => {
      const z = unpack(vectors.subarray(from * layout.size, (from + n) * layout.size), layout, n);
      const condition =
        labels && width && tf.tensor2d(labels.subarray(from * width, (from + n) * width), [n, width]);
      return vae.decode(z, exploring(rng.fold(from), condition || undefined));
    });
    parts.push(decoded.dataSync() as Float32Array);
    size = decoded.shape;
    decoded.dispose();
  }
  return { images: concat(parts), shape: [count, size[1], size[2], size[3]] };
}

function layoutOf(z: Named<Tensor>): LatentLayout {
  let size = 0;
  const parts = Object.entries(z).map(([name, tensor]) => {
    const part = { name, shape: tensor.shape.slice(1), from: size, size: tensor.size / tensor.shape[0]! };
    size += part.size;
    return part;
  });
  return { parts, size };
}

function pack(tensors: readonly Tensor[], { parts, size }: LatentLayout, count: number): Float32Array {
  const packed = new Float32Array(count * size);
  tensors.forEach((tensor, p) => {
    const part = parts[p]!;
    const values = tensor.dataSync();
    for (let n = 0; n < count; n++)
      packed.set(values.subarray(n * part.size, (n + 1) * part.size), n * size + part.from);
  });
  return packed;
}

/** Vectors of `layout`, packed [count, D], as the tensors that `VAE.decode` takes. */
export function unpack(vectors: Float32Array, { parts, size }: LatentLayout, count: number): Named<Tensor> {
  const whole = tf.tensor2d(vectors, [count, size]);
  return Object.fromEntries(
    parts.map((part) => [
      part.name,
      tf.reshape(tf.slice(whole, [0, part.from], [count, part.size]), [count, ...part.shape]),
    ]),
  );
}
