import { ShapeError } from "../errors.ts";
import type { OpenRun } from "../experiment/trained/open_trained.ts";
import { withLabels } from "../explore/given_labels.ts";
import type { Images as Packed } from "../explore/images.ts";
import { decodeVectors, encodeImages, type LatentLayout } from "../explore/latents.ts";
import type { Rng } from "../rng.ts";
import type { Tensor2D } from "../tf.ts";
import { type Check, checked } from "./checked.ts";

/** Vectors of z: packed [N, D], one by one, or a tensor [N, D]. */
export type Codes = Float32Array | readonly (readonly number[] | Float32Array)[] | Tensor2D;

/** How z of a run lies in a vector, found once. */
const layouts = new WeakMap<OpenRun, LatentLayout>();

/**
 * The images of vectors of z.
 *
 * @param label NAME=VALUE of labels, for a model that wants some
 * @throws ShapeError where they are not of D numbers each
 */
export async function decodeCodes(
  run: OpenRun,
  z: Codes,
  label: readonly string[],
  rng: Rng,
): Promise<Packed> {
  checked("decode: z", z, VECTORS);
  const layout = await layoutOf(run, rng);
  const packed = await packedOf(z);
  const { size } = layout;
  const other = otherLength(z, size);
  if (packed.length === 0 || other !== undefined)
    throw new ShapeError(`z: expected vectors of ${size} numbers each, got ${other ?? 0} numbers.`);
  const none = { images: new Float32Array(), shape: [packed.length / size, 0, 0, 0] } as const;
  const { labels }: Packed = withLabels(none, run.vae, label);
  return decodeVectors(run.vae, layout, packed, { rng: rng.fold("decode"), labels });
}

const VECTORS: Check = {
  expected: "a Float32Array, a list of vectors of numbers, or a tensor [N, D]",
  fits: (z) =>
    z instanceof Float32Array ||
    (Array.isArray(z) &&
      z.every((one) => one instanceof Float32Array || (Array.isArray(one) && one.every(Number.isFinite)))) ||
    (typeof z === "object" && z !== null && "dataSync" in z),
};

/** The length of the first vector that is not of `size` numbers; of packed ones, of all; undefined: all fit. */
function otherLength(z: Codes, size: number): number | undefined {
  if (z instanceof Float32Array) return z.length % size === 0 ? undefined : z.length;
  const lengths = "dataSync" in z ? [z.shape[1]] : z.map((vector) => vector.length);
  return lengths.find((length) => length !== size);
}

async function packedOf(z: Codes): Promise<Float32Array> {
  if (z instanceof Float32Array) return z;
  if ("dataSync" in z) return (await z.data()) as Float32Array;
  return Float32Array.from(z.flatMap((vector) => [...vector]));
}

/** As a black image is encoded: it is the same of all. */
async function layoutOf(run: OpenRun, rng: Rng): Promise<LatentLayout> {
  const known = layouts.get(run);
  if (known !== undefined) return known;
  const { imageShape, vae } = run;
  const labels = vae.labels && new Float32Array(vae.labels.all.length);
  const black = {
    images: new Float32Array(imageShape.reduce((a, b) => a * b)),
    shape: [1, ...imageShape] as const,
    ...(labels && { labels }),
  };
  const { layout } = await encodeImages(vae, black, rng);
  layouts.set(run, layout);
  return layout;
}
