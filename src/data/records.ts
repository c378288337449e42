import { Type } from "typebox";
import { ConfigError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";
import { defineDataset } from "./define.ts";
import { dataPath } from "./paths.ts";
import { readLayout } from "./records/layout.ts";
import { recordsSplit } from "./records/read_records.ts";
import { FilePool } from "./stream/file_pool.ts";

/** Any data set as `vae data pack` has written it: larger than memory, opened without reading it. */
export const records = defineDataset({
  name: "records",
  summary:
    "What vae data pack has written of another data set, in a folder (data_path): its images at their size, its labels and splits; larger than memory, opened without being read.",
  params: Type.Object({}),
  isUnlabelled: () => false, // not known before they are opened
  async open({ data_path, patch_size }, args): Promise<Dataset> {
    const folder = await dataPath(data_path, args, "a folder that vae data pack has written");
    const layout = await readLayout(folder);
    const { imageShape, valueNames, imagesPerFile: _, splits: __, format: ___, ...about } = layout;
    if (patch_size !== undefined && patch_size !== imageShape[0])
      throw new ConfigError(
        `data_params.patch_size: expected ${imageShape[0]}, the size that ${folder} was packed at, got ${patch_size}. Leave it out, or pack at that size.`,
      );
    const pool = new FilePool();
    const [train, val, test] = [
      await recordsSplit(folder, "train", layout, pool),
      await recordsSplit(folder, "val", layout, pool),
      await recordsSplit(folder, "test", layout, pool),
    ];
    return {
      name: "records",
      imageShape,
      splits: { train, val, test },
      ...about,
      ...(valueNames && { valueNames: valueNames.map((names) => names ?? undefined) }), // null in JSON
      skipped: [],
      close: async () => pool.close(),
    };
  },
});
