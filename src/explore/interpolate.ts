import { concat } from "../concat.ts";
import { ShapeError } from "../errors.ts";
import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { concatImages, type Images, slice } from "./images.ts";
import { decodeVectors, encodeImages, type LatentLayout } from "./latents.ts";
import { linear, linspace, spherical } from "./lines.ts";

/**
 * One row a pair of images (first and second, third and fourth, …): the first of them, `steps` images decoded from
 * the way between the two's places (with the labels of the nearer one), the second; packed [pairs x (steps + 2), H, W, C].
 */
export async function interpolations(
  vae: VAE,
  images: Images,
  { steps, path }: { readonly steps: number; readonly path: "spherical" | "linear" },
  rng: Rng,
): Promise<Images> {
  const { layout, place } = await encodeImages(vae, images, rng);
  const between = alongPath(layout, path);
  const of = (n: number) => place.subarray(n * layout.size, (n + 1) * layout.size);
  const rows: Images[] = [];
  for (let n = 0; n + 1 < images.shape[0]; n += 2) {
    const vectors = new Float32Array(steps * layout.size);
    linspace(0, 1, steps).forEach((t, i) => {
      vectors.set(between(of(n), of(n + 1), t), i * layout.size);
    });
    const [first, second] = [slice(images, n, 1), slice(images, n + 1, 1)];
    const nearer = linspace(0, 1, steps).map((t) => (t < 0.5 ? first : second).labels);
    const labels = first.labels && concat(nearer.map((own) => own!));
    rows.push(first, await decodeVectors(vae, layout, vectors, { rng, labels }), second);
  }
  return concatImages(rows);
}

/** The way between two vectors: of numbers `path`; of categorical variables straight, from one's value to the other's. */
function alongPath(layout: LatentLayout, path: "spherical" | "linear"): typeof linear {
  if (path === "linear") return linear;
  const parts = layout.parts.filter(({ values }) => values !== undefined);
  if (parts.length === 0) return spherical;
  const numbers = (v: Float32Array) => {
    const out = v.slice();
    for (const { from, size } of parts) out.fill(0, from, from + size);
    return out;
  };
  return (a, b, t) => {
    const [way, straight] = [spherical(numbers(a), numbers(b), t), linear(a, b, t)];
    for (const { from, size } of parts) way.set(straight.subarray(from, from + size), from);
    return way;
  };
}

/**
 * Each image of `a` before its counterpart of `b`, as `interpolations` takes them.
 *
 * @throws ShapeError where they are not as many
 */
export function paired(a: Images, b: Images): Images {
  const count = a.shape[0];
  if (count !== b.shape[0])
    throw new ShapeError(
      `interpolate: expected as many images to go to as from, ${count}, got ${b.shape[0]}.`,
    );
  const all = Array.from({ length: count }, (_, n) => [slice(a, n, 1), slice(b, n, 1)]).flat();
  const labels = all.flatMap((one) => one.labels ?? []);
  return { ...concatImages(all), ...(labels.length === all.length && { labels: concat(labels) }) };
}
