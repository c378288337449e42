import { type OpenRun, openRun, type SplitName } from "../experiment/open_run.ts";
import { enlarged, rowOf } from "../explore/contact_sheet.ts";
import { concatImages, type Images, slice } from "../explore/images.ts";
import { reconstruct, sample } from "../explore/pictures.ts";
import { gridPng } from "../images/grid.ts";
import { Rng } from "../rng.ts";
import type { Experiment, Member } from "./load.ts";
import { trainedFolder } from "./member.ts";

/** Pixels that images are enlarged to where they are smaller. */
const SIDE = 64;

interface LabelledRow {
  readonly label: string;
  /** In [0, 1], as many as the sheet has columns. */
  readonly images: Images;
}

/**
 * A PNG of the images in a row, below them their reconstructions by each of `members`, then samples of each; labelled
 * with the runs' names. Every run gets the same images and, by its seed, the same noise.
 */
export async function contactSheet(
  { options, sheet, name }: Experiment,
  members: readonly Member[],
  backend: string,
): Promise<Buffer> {
  const top: LabelledRow[] = [];
  const below: LabelledRow[] = [];
  let columns = 0;
  for (const member of members) {
    const run = await openRun(trainedFolder(member)!, { backend, checkpoint: "last" });
    try {
      const images = await chosen(run, options.split, sheet.images);
      columns = images.shape[0];
      const side = Math.max(SIDE, ...images.shape.slice(1, 3));
      const row = (all: Images) => rowOf(enlarged(all, side, run.imageRange), columns);
      const rng = Rng.fromSeed(options.seed).fold("contact_sheet");
      if (top.length === 0) top.push({ label: "images", images: row(images) });
      const recons = reconstruct(run.vae, images, rng.fold("reconstructions"));
      top.push({ label: `${member.run}\nreconstructions`, images: row(recons) });
      if (run.vae.sample === undefined || sheet.sample_rows === 0) continue;
      const samples = sample(run.vae, columns * sheet.sample_rows, rng.fold("samples"));
      for (let at = 0; at < sheet.sample_rows; at++) {
        const label = at === 0 ? `${member.run}\nsamples` : "";
        below.push({ label, images: row(slice(samples, at * columns, columns)) });
      }
    } finally {
      await run.close();
    }
  }
  const rows = [...top, ...below];
  if (rows.length === 0) throw new Error(`${name}: a sheet of no runs`);
  const all = concatImages(rows.map(({ images }) => images));
  return gridPng(all.images, all.shape, {
    columns,
    range: [0, 1],
    rowLabels: rows.map(({ label }) => label),
  });
}

/** So many images from all over the split, or those of these numbers. */
async function chosen(run: OpenRun, split: SplitName, images: number | readonly number[]): Promise<Images> {
  const loader = await run.loader(split);
  if (typeof images === "number") return loader.spread(images);
  return loader.at(images);
}
