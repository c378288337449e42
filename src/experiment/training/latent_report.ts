import { type Dimension, dimensionsByActivity } from "../../explore/dimensions.ts";
import { inBatches, slice } from "../../explore/images.ts";
import { encodeAll, type Latents } from "../../explore/latents.ts";
import { linspace } from "../../explore/lines.ts";
import { traversalPng, traverse, traversed } from "../../explore/traverse.ts";
import { barsPng } from "../../images/bars.ts";
import { gridPng } from "../../images/grid.ts";
import type { LatentReport } from "./loggers/latent_report.ts";
import type { Prepared } from "./prepared.ts";

/** Dimensions in a grid of traversals, and values of each. */
const ROWS = 8;
const VALUES = 7;
/** Images encoded at a time. */
const BATCH = 64;
/** Most numbers that the images may have together: 256 MB, and a sprite below the 8,192 pixels that browsers draw. */
const LARGEST = 2 ** 26;
/** Columns of the projector's table at most: a browser computes with all of them. */
const COLUMNS = 1024;

/**
 * The latents of `count` images from all over the validation split (fewer, where they would take above 256 MB), the
 * same at every call.
 */
export async function latentReport(
  { vae, val, dataset, rng: root, imageRange }: Prepared,
  count: number,
): Promise<LatentReport> {
  const rng = root.fold("latents");
  const [h, w, c] = dataset.imageShape;
  const host = await val.spread(Math.min(count, Math.floor(LARGEST / (h * w * c))));
  const latents = await encodeAll(vae, inBatches(host, BATCH), rng);
  const [images, height, width] = host.shape;
  const columns = Math.ceil(Math.sqrt(images));
  const sprite = await gridPng(host.images, host.shape, { columns, range: imageRange, padding: 0, scale: 1 });
  const dimensions = dimensionsByActivity(latents);
  const embedding = {
    vectors: dimensions ? mostActive(latents, dimensions) : pooled(latents),
    count: images,
    labelNames: dataset.labelNames,
    ...(dataset.valueNames && { valueNames: dataset.valueNames }),
    ...(host.labels && { labels: host.labels }),
    sprite,
    imageSize: [height, width],
  } as const;
  const drawn = { "latents/mean": latents.mean, "latents/z": latents.z };
  if (dimensions === undefined) return { embedding, histograms: drawn };
  const shown = dimensions.slice(0, ROWS);
  const start = latents.place.subarray(0, latents.layout.size);
  const values = linspace(...traversed(vae), VALUES);
  const rows = await traverse(vae, latents.layout, start, shown, values, rng, slice(host, 0, 1).labels);
  const traversals = await traversalPng(rows, shown, values, { range: imageRange });
  const histograms = {
    ...drawn,
    ...(latents.dense && {
      "latents/standard_deviation": latents.dense.deviation.filter((v) => !Number.isNaN(v)),
    }),
  };
  const withKl = dimensions.flatMap(({ kl, name }) => (kl === undefined ? [] : [{ kl, name }]));
  if (withKl.length === 0) return { embedding, histograms, traversals };
  const kls = withKl.map(({ kl }) => kl);
  const sum = kls.reduce((a, b) => a + b);
  return {
    embedding,
    histograms: { ...histograms, "latents/kl_per_dimension": Float32Array.from(kls) },
    kl: await barsPng(kls, {
      title: `KL in nats of ${kls.length} dimensions, ${sum.toPrecision(3)} in all`,
      names: withKl.map(({ name }) => name),
    }),
    traversals,
  };
}

/** The means, [N, D], or of more than `COLUMNS` columns those of the most active dimensions that fit, in their order. */
function mostActive(latents: Latents, dimensions: readonly Dimension[]): Float32Array {
  const { count, layout, mean } = latents;
  if (layout.size <= COLUMNS || layout.parts.some(({ values, shape }) => isGrid(shape) && !values))
    return pooled(latents);
  const columns: number[] = [];
  for (const { index, values = 1 } of dimensions) {
    if (columns.length + values > COLUMNS) break;
    for (let k = 0; k < values; k++) columns.push(index + k);
  }
  columns.sort((a, b) => a - b);
  const width = columns.length;
  return Float32Array.from({ length: count * width }, (_, i) => {
    return mean[Math.floor(i / width) * layout.size + columns[i % width]!]!;
  });
}

const isGrid = (shape: readonly number[]) => shape.length === 3;

/** The means, [N, D], of grids of vectors [h, w, D] their mean over the grid: a point an image that a table can hold. */
function pooled({ mean, count, layout }: Latents): Float32Array {
  if (!layout.parts.some(({ shape }) => isGrid(shape))) return mean;
  const widths = layout.parts.map(({ shape, size }) => (isGrid(shape) ? shape[2]! : size));
  const width = widths.reduce((a, b) => a + b);
  const out = new Float32Array(count * width);
  for (let n = 0; n < count; n++) {
    let to = n * width;
    layout.parts.forEach(({ from, size }, p) => {
      const positions = size / widths[p]!;
      for (let i = 0; i < size; i++)
        out[to + (i % widths[p]!)]! += mean[n * layout.size + from + i]! / positions;
      to += widths[p]!;
    });
  }
  return out;
}
