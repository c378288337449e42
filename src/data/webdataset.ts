import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Type } from "typebox";
import { DataError } from "../errors.ts";
import { defineDataset } from "./define.ts";
import { dataPath } from "./paths.ts";
import { FilePool } from "./stream/file_pool.ts";
import { checkSplits, openStream } from "./stream/open_stream.ts";
import { StreamParams } from "./stream/params.ts";
import { type LabelsFrom, tarShard } from "./stream/tar_shard.ts";

const EXPECTED = "a folder of tars, or one tar, as WebDataset writes them";

const Params = Type.Object({
  shards: Type.String({
    minLength: 1,
    default: "**/*.tar",
    description: "Glob of the tars below data_path, such as train-{000000..000099}.tar.",
  }),
  labels: Type.Union(
    [
      Type.Unsafe<"none" | "cls">({ type: "string", enum: ["none", "cls"] }),
      Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    ],
    {
      default: "none",
      description:
        "cls: the class in each sample's .cls; a list: keys of each sample's .json. Numbers, or text that is numbered.",
    },
  ),
  ...StreamParams,
});

/** Tars of images with labels beside them, read where they lie: larger than memory (https://github.com/webdataset/webdataset). */
export const webdataset = defineDataset({
  name: "webdataset",
  summary:
    "JPEG, PNG, WebP, TIFF, GIF and AVIF images in tars (data_path), read where they lie, cropped and resized to squares of patch_size (64); shuffled by tar and in a buffer; splits by a hash of the name; labels of .cls or .json.",
  params: Params,
  imageShape: ({ patch_size: size = 64, channels }) => [size, size, channels],
  isUnlabelled: ({ labels }) => labels === "none",
  labelRemedy: "data_params.labels=cls takes them from each sample's .cls",
  check: ({ splits }) => checkSplits(splits),
  async open(params, args) {
    const place = await dataPath(params.data_path, args, EXPECTED, "", undefined, "any");
    const { labels, center_crop, channels, patch_size: size = 64 } = params;
    const from: LabelsFrom =
      labels === "none" ? undefined : labels === "cls" ? { member: "cls" } : { json: labels };
    const pool = new FilePool();
    const files = await tarsOf(place, params.shards);
    const shards = await Promise.all(
      files.map(async (file) => {
        const { size: bytes, mtimeMs } = await stat(file);
        return tarShard({ file, bytes, mtimeMs }, pool, from);
      }),
    );
    return openStream(
      {
        ...params,
        name: "webdataset",
        place,
        shards,
        labelNames: labels === "none" ? [] : labels === "cls" ? ["class"] : labels,
        transform: { size, channels, ...(center_crop > 0 && { centerCrop: center_crop }) },
        close: () => pool.close(),
      },
      args,
    );
  },
});

/** In order of name. @throws DataError where there is none */
async function tarsOf(place: string, pattern: string): Promise<string[]> {
  if ((await stat(place)).isFile()) return [place];
  const { Minimatch } = await import("minimatch"); // checking a config need not load it
  const wanted = new Minimatch(pattern, { nocase: true });
  const names = await readdir(place, { recursive: true });
  const found = names.filter((name) => wanted.match(name.replaceAll("\\", "/"))).sort();
  if (found.length > 0) return found.map((name) => join(place, name));
  const others = names.slice(0, 3).map((name) => basename(name));
  throw new DataError(
    `data_params.shards: expected tars that fit "${pattern}" in ${place}, got ${others.length > 0 ? `${names.length} others, such as ${others.join(", ")}` : "nothing"}.`,
  );
}
