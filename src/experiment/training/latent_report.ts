import { dimensionsByKl } from "../../explore/dimensions.ts";
import { inBatches, slice } from "../../explore/images.ts";
import { encodeAll, type Latents } from "../../explore/latents.ts";
import { linspace } from "../../explore/lines.ts";
import { rowLabels, traverse } from "../../explore/traverse.ts";
import { barsPng } from "../../images/bars.ts";
import { gridPng } from "../../images/grid.ts";
import type { LatentReport } from "./loggers/logger.ts";
import type { Prepared } from "./prepared.ts";

/** Dimensions in a grid of traversals, and values of each. */
const ROWS = 8;
const VALUES = linspace(-3, 3, 7);
/** Images encoded at a time. */
const BATCH = 64;
/** Most numbers that the images may have together: 256 MB, and a sprite below the 8,192 pixels that browsers draw. */
const LARGEST = 2 ** 26;

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
  const embedding = {
    vectors: pooled(latents),
    count: images,
    labelNames: dataset.labelNames,
    ...(dataset.valueNames && { valueNames: dataset.valueNames }),
    ...(host.labels && { labels: host.labels }),
    sprite,
    imageSize: [height, width],
  } as const;
  const drawn = { "latents/mean": latents.mean, "latents/z": latents.z };
  const dimensions = dimensionsByKl(latents);
  if (dimensions === undefined || latents.logVar === undefined) return { embedding, histograms: drawn };
  const shown = dimensions.slice(0, ROWS);
  const sum = dimensions.reduce((all, { kl }) => all + kl, 0);
  const start = latents.mean.subarray(0, latents.layout.size);
  const rows = traverse(vae, latents.layout, start, shown, VALUES, rng, slice(host, 0, 1).labels);
  return {
    embedding,
    histograms: {
      ...drawn,
      "latents/standard_deviation": latents.logVar.map((v) => Math.exp(v / 2)),
      "latents/kl_per_dimension": Float32Array.from(dimensions, ({ kl }) => kl),
    },
    kl: await barsPng(
      dimensions.map(({ kl }) => kl),
      {
        title: `KL in nats of ${dimensions.length} dimensions, ${sum.toPrecision(3)} in all`,
        names: dimensions.map(({ name }) => name),
      },
    ),
    traversals: await gridPng(rows.images, rows.shape, {
      columns: VALUES.length,
      range: imageRange,
      rowLabels: rowLabels(shown),
      columnLabels: VALUES.map(String),
    }),
  };
}

/** The means, [N, D], of grids of vectors [h, w, D] their mean over the grid: a point an image that a table can hold. */
function pooled({ mean, count, layout }: Latents): Float32Array {
  const isGrid = (shape: readonly number[]) => shape.length === 3;
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
