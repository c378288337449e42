import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Type } from "typebox";
import { ConfigError, DataError } from "../errors.ts";
import { Rng } from "../rng.ts";
import { ArrayFile } from "./arrays/array_file.ts";
import { labelsOf } from "./arrays/labels.ts";
import { layoutOf, packArray, usualRange } from "./arrays/pack_array.ts";
import type { Dataset } from "./dataset.ts";
import { defineDataset } from "./define.ts";
import { holdOutShares, placesOf, splitsOf } from "./held_out.ts";
import { openPacked } from "./packed.ts";
import { dataPath } from "./paths.ts";

/** Raise it when what is packed changes. */
const VERSION = 1;
const EXPECTED = "a .npy or .npz file with images [N, H, W], [N, H, W, C] or [N, C, H, W]";
const share = (description: string) =>
  Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.1, description });

const Params = Type.Object({
  images: Type.Optional(
    Type.String({
      minLength: 1,
      description: "Name of the images in a .npz file; default: its only array of 3 or 4 axes.",
    }),
  ),
  labels: Type.Optional(
    Type.String({
      minLength: 1,
      file: "\\.npy$",
      description: "Labels [N] or [N, L], numbers or text: a name in the .npz file, or a .npy file.",
    }),
  ),
  label_names: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: "A name for each column of the labels.",
    }),
  ),
  classes: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: "The names of the values 0, 1, … of labels with one column.",
    }),
  ),
  factors: Type.Boolean({
    default: false,
    description: "The labels are all that the images were made from: metrics of disentanglement apply.",
  }),
  range: Type.Optional(
    Type.Array(Type.Number(), {
      minItems: 2,
      maxItems: 2,
      description:
        "The values that are black and white; default: [0, 255] of bytes, [0, 1] of booleans and floating point, [0, 65535] of 16-bit integers.",
    }),
  ),
  splits: Type.Object(
    { val: share("Share of the validation images."), test: share("Share of the test images.") },
    { additionalProperties: false, default: {}, description: "Shares drawn by data_seed." },
  ),
  data_seed: Type.Integer({
    minimum: 0,
    default: 0,
    description: "Which images are for validation and test.",
  }),
});

/** Images that a program has saved as an array. */
export const arrays = defineDataset({
  name: "arrays",
  summary: `Images of an array that NumPy saved, with labels beside them; splits drawn by data_seed. data_path is ${EXPECTED}; each becomes a square of patch_size (its own shorter side), 8 bits a channel.`,
  params: Params,
  isUnlabelled: ({ labels }) => labels === undefined,
  labelRemedy: "data_params.labels names an array of them",
  check({ splits: { val, test }, range, factors, labels }) {
    if (val + test >= 1)
      throw new ConfigError(
        `data_params.splits: expected val and test to leave some for training, got ${val} and ${test}.`,
      );
    if (range && range[0]! >= range[1]!)
      throw new ConfigError(
        `data_params.range: expected a lower value and a higher one, got ${range.join(" and ")}.`,
      );
    if (factors && labels === undefined)
      throw new ConfigError("data_params.factors: expected labels beside it, got none.");
  },
  async open(params, args): Promise<Dataset> {
    const file = await dataPath(params.data_path, args, EXPECTED, "", undefined, "any");
    if ((await stat(file)).isDirectory())
      throw new DataError(
        `data_params.data_path: expected ${EXPECTED}, got the folder ${file}. Name the file.`,
      );
    const source = await ArrayFile.open(file);
    try {
      const name = params.images ?? (await source.imageName());
      const layout = layoutOf(await source.array(name));
      const { count, channels } = layout;
      const labels =
        params.labels === undefined
          ? undefined
          : await labelsOf(params, source, resolve(args.baseDir, params.labels), count);
      const { splits: shares, data_seed } = params;
      const parts = holdOutShares(count, shares, Rng.fromSeed(data_seed).fold("arrays"));
      const places = placesOf(parts);
      const side = params.patch_size ?? Math.min(layout.width, layout.height);
      const { size: bytes, mtimeMs } = await stat(file);
      const packed = await openPacked(
        {
          name: "arrays",
          key: { version: VERSION, file, bytes, mtimeMs, name, range: params.range },
          shape: [side, side, channels],
          capacity: count,
          async make(writer) {
            const images = await source.array(name);
            const range = (params.range ?? usualRange(images.dtype)) as [number, number];
            await packArray(writer, images, places, side, range);
            return { count, meta: {} };
          },
        },
        args,
      );
      return {
        name: "arrays",
        imageShape: [side, side, channels],
        splits: splitsOf(packed, places, parts, labels?.table),
        splitNote: `${count} images drawn by data_seed ${data_seed}: ${parts.test.length} test, ${parts.val.length} val, ${parts.train.length} train.`,
        labelNames: labels?.names ?? [],
        ...(labels?.counts && { labelValues: labels.counts }),
        ...(labels && { valueNames: labels.valueNames }),
        ...(params.factors && { factors: true }),
        skipped: [],
        close: () => packed.close(),
      };
    } finally {
      source.close();
    }
  },
});
