import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { vae } from "./vae.ts";

interface Picture {
  /** A command and its arguments. */
  readonly args: readonly string[];
  /** Of a grid of 8 columns, the rows that are kept. */
  readonly rows?: number;
}

/** In `args`, for the sampler that was fitted. */
const SAMPLER = "SAMPLER";

/** What is drawn of each run. Of a model that has no such picture there is none. */
const PICTURES: Readonly<Record<string, Picture>> = {
  reconstructions: { args: ["reconstruct", "--count", "32"], rows: 4 },
  samples: { args: ["sample", "--count", "64"], rows: 4 },
  samples_fitted: { args: ["sample", "--count", "64", "--sampler", SAMPLER], rows: 4 },
  interpolations: { args: ["interpolate", "--steps", "6"] },
  traversals: { args: ["traverse", "--dimensions", "6", "--steps", "8"] },
};
const COLUMNS = 8;
/** White pixels around each image. */
const PADDING = 2;

/** Draws what the run at `run` can show into `folder`, as NAME_WHAT.png or .jpg; gives the files by what they show. */
export async function draw(
  root: string,
  name: string,
  run: string,
  folder: string,
  { backend, sampler }: { readonly backend: string; readonly sampler: string },
): Promise<Record<string, string>> {
  mkdirSync(folder, { recursive: true });
  const { image_shape } = JSON.parse(readFileSync(join(run, "environment.json"), "utf8")).data;
  const grey = image_shape[2] === 1;
  const made: Record<string, string> = {};
  for (const [what, { args, rows }] of Object.entries(PICTURES)) {
    const png = join(run, `gallery_${what}.png`);
    rmSync(png, { force: true });
    const [command, ...more] = args.map((arg) => (arg === SAMPLER ? sampler : arg));
    await vae(root, [command!, run, ...more, "--out", png, "--backend", backend]);
    if (existsSync(png)) made[what] = await forPage(png, folder, `${name}_${what}`, { grey, rows });
    else console.log(`note   ${name}: no ${what}`);
  }
  return made;
}

/** Grey pictures as PNG with a palette, others as JPEG: what is small and looks the same. Its name. */
async function forPage(
  png: string,
  folder: string,
  stem: string,
  { grey, rows }: { readonly grey: boolean; readonly rows: number | undefined },
): Promise<string> {
  const image = sharp(png);
  const { width, height } = await image.metadata();
  const cell = (width - PADDING) / COLUMNS;
  const kept = rows === undefined ? height : Math.min(height, PADDING + rows * cell);
  const cut = image.extract({ left: 0, top: 0, width, height: kept });
  const file = `${stem}.${grey ? "png" : "jpg"}`;
  const made = grey
    ? cut.png({ palette: true, colours: 32, compressionLevel: 9 })
    : cut.jpeg({ quality: 78, mozjpeg: true });
  await made.toFile(join(folder, file));
  return file;
}
