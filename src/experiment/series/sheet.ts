import { enlarged, rowOf } from "../../explore/contact_sheet.ts";
import { concatImages, type Images, slice } from "../../explore/images.ts";
import { reconstruct, sample } from "../../explore/pictures.ts";
import { gridPng } from "../../images/grid.ts";
import { Rng } from "../../rng.ts";
import { type OpenRun, openTrained, type SplitName } from "../trained/open_trained.ts";
import type { Experiment } from "./experiment.ts";
import { trainedFolder } from "./member.ts";
import type { Member } from "./members.ts";

interface LabelledRow {
  readonly label: string;
  readonly images: Images;
  readonly range: readonly [number, number];
}

/**
 * A PNG of the images in a row, below them their reconstructions by each of `members`, then samples of each; labelled
 * with the runs' names, enlarged by `scale` or so that one can see it. Every run gets the same images and, by its seed, the
 * same noise.
 */
export async function contactSheet(
  { options, sheet, name }: Experiment,
  members: readonly Member[],
  backend: string,
  scale?: number,
): Promise<Buffer> {
  const top: LabelledRow[] = [];
  const below: LabelledRow[] = [];
  let columns = 0;
  for (const member of members) {
    const run = await openTrained(trainedFolder(member)!, { backend, checkpoint: "last" });
    try {
      const images = await chosen(run, options.split, sheet.images);
      columns = images.shape[0];
      const range = run.imageRange;
      const rng = Rng.fromSeed(options.seed).fold("contact_sheet");
      if (top.length === 0) top.push({ label: "images", images, range });
      const recons = await reconstruct(run.vae, images, rng.fold("reconstructions"));
      top.push({ label: `${member.run}\nreconstructions`, images: recons, range });
      if (run.vae.sample === undefined || sheet.sample_rows === 0) continue;
      const samples = await sample(run.vae, columns * sheet.sample_rows, rng.fold("samples"));
      for (let at = 0; at < sheet.sample_rows; at++) {
        const label = at === 0 ? `${member.run}\nsamples` : "";
        below.push({ label, images: slice(samples, at * columns, columns), range });
      }
    } finally {
      await run.close();
    }
  }
  const rows = [...top, ...below];
  if (rows.length === 0) throw new Error(`${name}: a sheet of no runs`);
  const side = Math.max(...rows.flatMap(({ images }) => images.shape.slice(1, 3)));
  const all = concatImages(rows.map(({ images, range }) => rowOf(enlarged(images, side, range), columns)));
  return gridPng(all.images, all.shape, {
    columns,
    range: [0, 1],
    scale,
    rowLabels: rows.map(({ label }) => label),
  });
}

/** So many images from all over the split, or those of these numbers. */
async function chosen(run: OpenRun, split: SplitName, images: number | readonly number[]): Promise<Images> {
  const loader = await run.loader(split);
  if (typeof images === "number") return loader.spread(images);
  return loader.at(images);
}
