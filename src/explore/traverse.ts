import { gridPng } from "../images/grid.ts";
import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { rounded } from "../text/numbers.ts";
import type { Dimension } from "./dimensions.ts";
import { type Images, repeated } from "./images.ts";
import { decodeVectors, type LatentLayout } from "./latents.ts";

/** First and last value of a dimension where nobody says otherwise. */
export const traversed = ({ latentRange }: VAE): readonly [number, number] => latentRange ?? [-3, 3];

/** The values that a dimension takes in its row: `values`, or of a categorical variable all of its own, by their numbers. */
export const rowValues = ({ values: own }: Dimension, values: readonly number[]): readonly number[] =>
  own === undefined ? values : Array.from({ length: own }, (_, k) => k);

/** Columns of a traversal: as many as the longest row has. */
export const columnsOf = (dimensions: readonly Dimension[], values: readonly number[]): number =>
  Math.max(...dimensions.map((dimension) => rowValues(dimension, values).length));

/**
 * One row a dimension, one column a value: the image of `start` with that dimension set to that value and the others as
 * they are, packed [dimensions x columns, H, W, C]. A shorter row ends in images of NaN.
 *
 * @param start [D]
 * @param labels of that image, [L], for a model that wants some
 */
export async function traverse(
  vae: VAE,
  layout: LatentLayout,
  start: Float32Array,
  dimensions: readonly Dimension[],
  values: readonly number[],
  rng: Rng,
  labels?: Float32Array,
): Promise<Images> {
  const columns = columnsOf(dimensions, values);
  const cells = dimensions.flatMap((dimension, row) =>
    rowValues(dimension, values).map((value, column) => ({
      dimension,
      value,
      place: row * columns + column,
    })),
  );
  const vectors = new Float32Array(cells.length * layout.size);
  cells.forEach(({ dimension: { index, values: own }, value }, n) => {
    const vector = vectors.subarray(n * layout.size, (n + 1) * layout.size);
    vector.set(start);
    if (own === undefined) vector[index] = value;
    else vector.fill(0, index, index + own)[index + value] = 1;
  });
  const conditions = labels && repeated(labels, cells.length);
  const { images, shape } = await decodeVectors(vae, layout, vectors, { rng, labels: conditions });
  const pixels = images.length / cells.length;
  const all = new Float32Array(dimensions.length * columns * pixels).fill(Number.NaN);
  cells.forEach(({ place }, n) => {
    all.set(images.subarray(n * pixels, (n + 1) * pixels), place * pixels);
  });
  return { images: all, shape: [dimensions.length * columns, shape[1], shape[2], shape[3]] };
}

/** A traversal as a PNG: left of each row its dimension, with its KL in nats or its deviation, and above the values. */
export function traversalPng(
  { images, shape }: Images,
  dimensions: readonly Dimension[],
  values: readonly number[],
  { range, scale }: { readonly range: readonly [number, number]; readonly scale?: number | undefined },
): Promise<Buffer> {
  const rows = dimensions.map((dimension) => rowValues(dimension, values).map((v) => rounded(v)));
  const alike = rows.every((row) => row.join() === rows[0]!.join());
  return gridPng(
    images.map((v) => (Number.isNaN(v) ? range[1] : v)),
    shape,
    {
      columns: columnsOf(dimensions, values),
      range,
      scale,
      rowLabels: dimensions.map((dimension, i) => {
        const row = rows[i]!;
        return `${dimension.name}\n${activity(dimension)}${alike ? "" : `\n${row[0]} to ${row.at(-1)}`}`;
      }),
      ...(alike && { columnLabels: rows[0]! }),
    },
  );
}

/** How active a dimension is, in few letters. */
const activity = ({ kl, deviation }: Dimension): string =>
  kl === undefined ? `sd ${deviation.toFixed(2)}` : `KL ${kl.toFixed(2)}`;
