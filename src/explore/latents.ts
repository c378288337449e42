import { concat } from "../concat.ts";
import { newCtx } from "../models/ctx.ts";
import { densePosterior } from "../models/posteriors.ts";
import type { Ctx, Posterior, VAE } from "../models/vae.ts";
import { nextTurn } from "../process/turn.ts";
import type { Rng } from "../rng.ts";
import { type Named, type Tensor, type Tensor2D, type Tensor4D, tf } from "../tf.ts";
import { concatImages, type Images, readImages } from "./images.ts";
import { atMeans, meanOf, placeOf } from "./posteriors.ts";

/** How the latents of a model lie in one vector: all its tensors flat, one after the other. */
export interface LatentLayout {
  /** In the order of `encode`; `shape` without the batch, `from` the first place in the vector. */
  readonly parts: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly from: number;
    readonly size: number;
    /** Of a categorical latent: the values of each variable, which lie side by side. */
    readonly values?: number;
  }[];
  /** Length of the vector, D. */
  readonly size: number;
}

/** What a model makes of N images. */
export interface Latents {
  readonly count: number;
  readonly layout: LatentLayout;
  /** The posterior's kind of each of the layout's parts. */
  readonly kinds: readonly Posterior["kind"][];
  /**
   * The posterior's mean, [N, D]: of a latent below others given their means; of a categorical one its probabilities, of codes
   * the latents as `encode` gives them.
   */
  readonly mean: Float32Array;
  /** Where images are decoded from, [N, D]: the mean, but of a categorical posterior its mode. */
  readonly place: Float32Array;
  /** log of the variance of Gaussian posteriors, [N, D], NaN of others beside them; absent where none is Gaussian. */
  readonly logVar?: Float32Array;
  /**
   * Of each dimension whose posterior has a density its standard deviation and KL in nats (of a latent below others given the
   * draws of those), [N, D] each, NaN of others; absent where none has.
   */
  readonly dense?: { readonly deviation: Float32Array; readonly kl: Float32Array };
  /** One draw an image, [N, D]. */
  readonly z: Float32Array;
  /** Of a model whose one latent is a grid of codes, their numbers, [N, h, w]. */
  readonly codes?: { readonly shape: readonly number[]; readonly data: Int32Array };
}

/** An evaluation context: what a call depends on besides images and latents, conditions included. */
export const exploring = (rng: Rng, labels?: Tensor): Ctx => newCtx({ training: false, rng, labels });

/** The latents of one batch; `rng` draws z. */
export async function encodeImages(vae: VAE, batch: Images, rng: Rng): Promise<Latents> {
  let encoded: EncodedTensors | undefined;
  const held = tf.tidy(() => {
    encoded = encodeTensors(vae, batch, rng);
    return [Object.values(encoded.byPart).flat(), encoded.codes ?? []].flat();
  });
  try {
    return await readLatents(encoded!, batch.shape[0]);
  } finally {
    tf.dispose(held);
  }
}

/** `Latents` before they are read: a tensor of each of the layout's parts. */
interface EncodedTensors extends Pick<Latents, "layout" | "kinds"> {
  readonly byPart: Readonly<Record<"mean" | "place" | "z", readonly Tensor[]>> &
    Readonly<Partial<Record<"logVar" | "deviation" | "kl", readonly Tensor[]>>>;
  readonly codes: Tensor | undefined;
}

async function readLatents(encoded: EncodedTensors, count: number): Promise<Latents> {
  const { layout, kinds, codes, byPart } = encoded;
  const read = (tensors: readonly Tensor[]) => pack(tensors, layout, count);
  const mean = await read(byPart.mean);
  return {
    count,
    layout,
    kinds,
    mean,
    place: byPart.place === byPart.mean ? mean : await read(byPart.place),
    z: await read(byPart.z),
    ...(codes && { codes: { shape: codes.shape, data: (await codes.data()) as Int32Array } }),
    ...(byPart.logVar && { logVar: await read(byPart.logVar) }),
    ...(byPart.deviation && {
      dense: { deviation: await read(byPart.deviation), kl: await read(byPart.kl!) },
    }),
  };
}

function encodeTensors(vae: VAE, { images, shape, labels }: Images, rng: Rng): EncodedTensors {
  const count = shape[0];
  const condition = labels && tf.tensor2d(labels, [count, labels.length / count]);
  const x = tf.tensor4d(images, [...shape]);
  const ctx = exploring(rng, condition);
  const drawn = vae.encode(x, ctx);
  const layout = layoutOf(drawn.z, drawn.posterior);
  const { posterior, z } = atMeans(vae, x, ctx, drawn);
  const pairs = layout.parts.map(({ name }) => [posterior[name]!, z[name]!] as const);
  const ofEach = (of: (q: Posterior, z: Tensor) => Tensor) => pairs.map(([q, own]) => of(q, own));
  const kinds = pairs.map(([q]) => q.kind);
  const none = (own: Tensor) => tf.fill(own.shape, Number.NaN);
  const mean = ofEach(meanOf);
  return {
    layout,
    kinds,
    codes: pairs.length === 1 && pairs[0]![0].kind === "codes" ? pairs[0]![0].indices : undefined,
    byPart: {
      mean,
      place: kinds.includes("categorical") ? ofEach(placeOf) : mean,
      z: Object.values(drawn.z),
      ...(kinds.includes("gaussian") && {
        logVar: ofEach((q, own) => (q.kind === "gaussian" ? q.logVar : none(own))),
      }),
      ...(pairs.some(([q]) => densePosterior(q) !== undefined) && {
        deviation: ofEach((q, own) => densePosterior(q)?.deviation() ?? none(own)),
        kl: layout.parts.map(
          ({ name }) => densePosterior(drawn.posterior[name])?.kl() ?? none(drawn.z[name]!),
        ),
      }),
    },
  };
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
    found.push(await encodeImages(vae, batch, rng.fold(found.length)));
    if (batch.labels !== undefined) labels.push(batch.labels);
    await nextTurn();
  }
  const [first] = found;
  if (first === undefined) throw new Error("encodeAll: no batches");
  const all = {
    count: found.reduce((sum, l) => sum + l.count, 0),
    layout: first.layout,
    kinds: first.kinds,
    mean: concat(found.map((l) => l.mean)),
    place: concat(found.map((l) => l.place)),
    z: concat(found.map((l) => l.z)),
    ...(first.logVar && { logVar: concat(found.map((l) => l.logVar!)) }),
    ...(first.dense && {
      dense: {
        deviation: concat(found.map((l) => l.dense!.deviation)),
        kl: concat(found.map((l) => l.dense!.kl)),
      },
    }),
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
export async function decodeVectors(
  vae: VAE,
  layout: LatentLayout,
  vectors: Float32Array,
  { rng, labels, batchSize = 64 }: { rng: Rng; labels?: Float32Array | undefined; batchSize?: number },
): Promise<Images> {
  const count = vectors.length / layout.size;
  const width = labels && labels.length / count;
  const parts: Images[] = [];
  for (let from = 0; from < count; from += batchSize) {
    const n = Math.min(batchSize, count - from);
    const decoded: Tensor4D = tf.tidy(() => {
      const rows = vectors.subarray(from * layout.size, (from + n) * layout.size);
      const z = unpack(tf.tensor2d(rows, [n, layout.size]), layout);
      const condition =
        labels && width && tf.tensor2d(labels.subarray(from * width, (from + n) * width), [n, width]);
      return vae.decode(z, exploring(rng.fold(from), condition || undefined));
    });
    parts.push(await readImages(decoded));
  }
  return concatImages(parts);
}

function layoutOf(z: Named<Tensor>, posterior: Named<Posterior>): LatentLayout {
  let size = 0;
  const parts = Object.entries(z).map(([name, tensor]) => {
    const values = posterior[name]?.kind === "categorical" && tensor.shape.at(-1);
    const part = {
      name,
      shape: tensor.shape.slice(1),
      from: size,
      size: tensor.size / tensor.shape[0]!,
      ...(values && { values }),
    };
    size += part.size;
    return part;
  });
  return { parts, size };
}

async function pack(
  tensors: readonly Tensor[],
  { parts, size }: LatentLayout,
  count: number,
): Promise<Float32Array> {
  const packed = new Float32Array(count * size);
  for (const [p, tensor] of tensors.entries()) {
    const part = parts[p]!;
    const values = await tensor.data();
    for (let n = 0; n < count; n++)
      packed.set(values.subarray(n * part.size, (n + 1) * part.size), n * size + part.from);
  }
  return packed;
}

/** Vectors of `layout`, [N, D], as the tensors that `VAE.decode` takes. */
export function unpack(vectors: Tensor2D, { parts }: LatentLayout): Named<Tensor> {
  const count = vectors.shape[0];
  return Object.fromEntries(
    parts.map((part) => [
      part.name,
      tf.reshape(tf.slice(vectors, [0, part.from], [count, part.size]), [count, ...part.shape]),
    ]),
  );
}
