import { stat } from "node:fs/promises";
import { Type } from "typebox";
import { DataError } from "../errors.ts";
import { Rng } from "../rng.ts";
import { layoutOf, packArray } from "./arrays/pack_array.ts";
import type { Dataset } from "./dataset.ts";
import { defineDataset } from "./define.ts";
import { holdOut, placesOf, splitsOf } from "./held_out.ts";
import { openPacked } from "./packed.ts";
import { dataPath, findFile } from "./paths.ts";

/** Raise it when what is packed changes. */
const VERSION = 1;
const FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz";
const EXPECTED = `${FILE}, or its folder`;
const SOURCE = "It is published at https://github.com/google-deepmind/dsprites-dataset.";
const HELD_OUT = 10_000;
/** The columns of latents_classes from the second on; the first, color, is white always and no label. */
const FACTORS = ["shape", "scale", "orientation", "posX", "posY"];
const SHAPES = ["square", "ellipse", "heart"];

/** White sprites on black with five factors (Matthey et al., 2017, https://github.com/google-deepmind/dsprites-dataset). */
export const dsprites = defineDataset({
  name: "dsprites",
  summary: `dSprites as published: 737,280 binary images, 64x64 grey, one of each combination of its factors (shape, scale, orientation, posX, posY); drawn by data_seed: ${HELD_OUT} each for validation and test, the others for training. data_path is ${EXPECTED}.`,
  params: Type.Object({
    size: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "Training images, drawn without repetition; default: all that are left.",
      }),
    ),
    data_seed: Type.Integer({
      minimum: 0,
      default: 0,
      description: "Which images are drawn; apart from manual_seed, so that runs compare.",
    }),
  }),
  published: {
    files: [
      {
        name: FILE,
        md5: "7da33b31b13a06f4b04a70402ce90c2e",
        urls: [
          `https://raw.githubusercontent.com/google-deepmind/dsprites-dataset/master/${FILE}`,
          `https://github.com/deepmind/dsprites-dataset/raw/master/${FILE}`,
        ],
      },
    ],
  },
  imageShape: ({ patch_size: side = 64 }) => [side, side, 1],
  factors: true,
  async open({ data_path, patch_size: side = 64, size, data_seed }, args): Promise<Dataset> {
    const file = await fileAt(await dataPath(data_path, args, EXPECTED, SOURCE, "dsprites", "any"));
    const { Npz } = await import("../formats/npz_reader.ts");
    const { valuesOf } = await import("../formats/npy_reader.ts");
    const npz = await Npz.open(file);
    try {
      const classes = await npz.array("latents_classes");
      const [count = 0, width] = classes.shape;
      if (classes.shape.length !== 2 || width !== FACTORS.length + 1)
        throw new DataError(
          `${file}: expected latents_classes [N, 6], got [${classes.shape.join(", ")}]. Is it dSprites?`,
        );
      const all = (await valuesOf(classes)) as number[];
      const values = Float32Array.from(all.filter((_, i) => i % width !== 0));
      const other = values.find((value) => !Number.isInteger(value) || value < 0);
      if (other !== undefined)
        throw new DataError(
          `${file}: expected integers ≥ 0 in latents_classes, got ${other}. Is it dSprites? Get it again.`,
        );
      const held = Math.min(HELD_OUT, Math.floor(count / 10));
      if (size !== undefined && size > count - 2 * held)
        throw new DataError(
          `data_params.size: expected at most ${count - 2 * held} of ${count} images for training, got ${size}.`,
        );
      const parts = holdOut(count, held, size, Rng.fromSeed(data_seed).fold("dsprites"));
      const places = placesOf(parts);
      const { size: bytes, mtimeMs } = await stat(file);
      const packed = await openPacked(
        {
          name: "dsprites",
          key: { version: VERSION, file, bytes, mtimeMs, size, data_seed },
          shape: [side, side, 1],
          capacity: places.length,
          async make(writer) {
            const images = await npz.array("imgs");
            const layout = layoutOf(images);
            if (layout.count !== count)
              throw new DataError(
                `${file}: expected ${count} images, one a row of latents_classes, got ${layout.count}.`,
              );
            await packArray(writer, images, places, side, [0, 1]);
            return { count: places.length, meta: {} };
          },
        },
        args,
      );
      const splits = splitsOf(packed, places, parts, { values, width: FACTORS.length });
      return {
        name: "dsprites",
        imageShape: [side, side, 1],
        splits,
        splitNote: `${places.length} of ${count} images drawn by data_seed ${data_seed}: ${held} test, ${held} val, ${parts.train.length} train; test and val are the same at every size.`,
        labelNames: FACTORS,
        labelValues: FACTORS.map((_, column) => highest(values, column) + 1),
        valueNames: FACTORS.map((name) => (name === "shape" ? SHAPES : undefined)),
        factors: true,
        skipped: [],
        close: () => packed.close(),
      };
    } finally {
      npz.close();
    }
  },
});

async function fileAt(path: string): Promise<string> {
  if ((await stat(path)).isFile()) return path;
  const file = await findFile([path], [FILE, "dsprites.npz"]);
  if (file !== undefined) return file;
  throw new DataError(`data_params.data_path: expected ${FILE} in ${path}, got no such file. ${SOURCE}`);
}

function highest(values: Float32Array, column: number): number {
  let most = 0;
  for (let i = column; i < values.length; i += FACTORS.length) most = Math.max(most, values[i]!);
  return most;
}
