import { stat } from "node:fs/promises";
import { Type } from "typebox";
import { DataError } from "../errors.ts";
import { defineDataset } from "./define.ts";
import { dataPath } from "./paths.ts";
import { FilePool } from "./stream/file_pool.ts";
import { listShards } from "./stream/list_shard.ts";
import { checkSplits, openStream } from "./stream/open_stream.ts";
import { StreamParams } from "./stream/params.ts";

const EXPECTED = "a text file with the path of an image on each line";

/** Images that a text file names, read where they lie: more than memory or a cache hold. */
export const fileList = defineDataset({
  name: "file_list",
  summary:
    "JPEG, PNG, WebP, TIFF, GIF and AVIF images that a text file (data_path) names, a path a line, read where they lie, cropped and resized to squares of patch_size (64); shuffled in a buffer; splits by a hash of the path; labels behind tabs.",
  params: Type.Object({
    label_names: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          "A name for each label that follows the path on its line, behind a tab: a number, or text that is numbered.",
      }),
    ),
    ...StreamParams,
  }),
  imageShape: ({ patch_size: size = 64, channels }) => [size, size, channels],
  isUnlabelled: ({ label_names }) => label_names === undefined,
  labelRemedy: "data_params.label_names names the labels that follow each path behind a tab",
  check: ({ splits }) => checkSplits(splits),
  async open(params, args) {
    const file = await dataPath(params.data_path, args, EXPECTED, "", undefined, "any");
    const info = await stat(file);
    if (!info.isFile())
      throw new DataError(`data_params.data_path: expected ${EXPECTED}, got the folder ${file}.`);
    const { label_names: labelNames = [], center_crop, channels, patch_size: size = 64 } = params;
    const pool = new FilePool();
    const stats = { file, bytes: info.size, mtimeMs: info.mtimeMs };
    return openStream(
      {
        ...params,
        name: "file_list",
        place: file,
        shards: await listShards(stats, pool, labelNames),
        labelNames,
        transform: { size, channels, ...(center_crop > 0 && { centerCrop: center_crop }) },
        close: () => pool.close(),
      },
      args,
    );
  },
});
