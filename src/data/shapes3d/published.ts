import { stat } from "node:fs/promises";
import { DataError } from "../../errors.ts";
import { openHdf5 } from "../../formats/hdf5.ts";
import { nextTurn } from "../../process/turn.ts";
import type { OpenArgs } from "../dataset.ts";
import type { PackWriter } from "../packed.ts";
import { dataPath, findFile } from "../paths.ts";
import { resize } from "../transforms.ts";
import { SCENES } from "./factors.ts";

/** The file as DeepMind publishes it: images [480000, 64, 64, 3] in the order of `factorsOf`, and their labels. */
export const PUBLISHED = "3dshapes.h5";
const SIDE = 64;
const BYTES = 3 * SIDE * SIDE;
/** Images read at a time at most, 201 MB. */
const MOST = 16_384;
const SOURCE = "It is published at https://github.com/google-deepmind/3d-shapes.";

/** The file in a folder or named itself, and what tells it from another. */
export interface PublishedShapes {
  readonly file: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

/** @throws DataError where it is not there */
export async function findPublished(path: string | undefined, args: OpenArgs): Promise<PublishedShapes> {
  const place = await dataPath(path, args, `${PUBLISHED}, or its folder`, SOURCE, "shapes3d", "any");
  const file = (await stat(place)).isFile() ? place : await findFile([place], [PUBLISHED]);
  if (file === undefined)
    throw new DataError(
      `data_params.data_path: expected ${PUBLISHED} in ${place}, got no such file. ${SOURCE}`,
    );
  const { size: bytes, mtimeMs } = await stat(file);
  return { file, bytes, mtimeMs };
}

/** Packs the images of `scenes`, in their order, as squares of `side`. @throws DataError where it is another file */
export async function packPublished(
  file: string,
  scenes: Int32Array,
  side: number,
  put: PackWriter["put"],
): Promise<void> {
  const images = await openHdf5(file, "images");
  try {
    if (images.shape.join("x") !== [SCENES, SIDE, SIDE, 3].join("x"))
      throw new DataError(
        `${file}: expected images [${SCENES}, ${SIDE}, ${SIDE}, 3], got [${images.shape.join(", ")}]. Is it 3D Shapes?`,
      );
    const window = Math.min(MOST, images.together);
    const order = Int32Array.from(scenes.keys()).sort((a, b) => scenes[a]! - scenes[b]!);
    for (let at = 0; at < order.length; ) {
      const from = Math.floor(scenes[order[at]!]! / window) * window;
      let end = at;
      while (end < order.length && scenes[order[end]!]! < from + window) end++;
      const read = images.read(from, Math.min(SCENES, from + window));
      for (const place of order.subarray(at, end)) {
        const start = (scenes[place]! - from) * BYTES;
        const data = read.subarray(start, start + BYTES);
        await put(
          place,
          side === SIDE ? data : resize({ data, width: SIDE, height: SIDE, channels: 3 }, side, side).data,
        );
      }
      at = end;
      await nextTurn();
    }
  } finally {
    images.close();
  }
}
