import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "typebox";
import { DataError } from "../errors.ts";
import { defineDataset } from "./define.ts";
import { dataPath, findFile } from "./paths.ts";
import { type Classified, smallImages } from "./small_images.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
/** A class and the red, the green and the blue plane. */
const RECORD = 1 + 3 * PLANE;
const EXPECTED = "the folder of CIFAR-10's binary version (data_batch_1.bin … 5, test_batch.bin)";

/** As in its batches.meta.txt. */
const CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

/** Photographs of ten kinds of things (Krizhevsky, "Learning multiple layers of features", 2009). */
export const cifar10 = defineDataset({
  name: "cifar10",
  summary: `60,000 photographs, 32x32 in colour, with their class: 45,000 for training, 5,000 for validation, 10,000 for test. data_path is ${EXPECTED}.`,
  params: Type.Object({}),
  imageShape: ({ patch_size: side = SIDE }) => [side, side, 3],
  async open({ data_path, patch_size }, args) {
    const folder = await dataPath(data_path, args, EXPECTED);
    const folders = [folder, join(folder, "cifar-10-batches-bin")];
    const batches = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
    const train = await readBatches(folders, batches);
    const test = await readBatches(folders, ["test_batch.bin"]);
    return smallImages(
      "cifar10",
      { side: SIDE, channels: 3, pads: [], classes: CLASSES },
      patch_size,
      train,
      test,
    );
  },
});

async function readBatches(folders: readonly string[], names: readonly string[]): Promise<Classified> {
  const records: Buffer[] = [];
  for (const name of names) {
    const file = await findFile(folders, [name]);
    if (file === undefined) throw await missing(folders, name);
    const bytes = await readFile(file).catch((error: Error) => {
      throw new DataError(`${file}: can't be read: ${error.message}`, { cause: error });
    });
    if (bytes.length === 0 || bytes.length % RECORD !== 0) {
      throw new DataError(
        `${file}: expected whole records of ${RECORD} bytes, got ${bytes.length} bytes. Download the archive again.`,
      );
    }
    for (let at = 0; at < bytes.length; at += RECORD) {
      if (bytes[at]! > 9) {
        throw new DataError(
          `${file}: expected classes from 0 to 9, got ${bytes[at]} in record ${at / RECORD}. Is it CIFAR-10's?`,
        );
      }
    }
    records.push(bytes);
  }
  return unpack(Buffer.concat(records));
}

async function missing(folders: readonly string[], name: string): Promise<DataError> {
  const python = await findFile([...folders, join(folders[0]!, "cifar-10-batches-py")], ["data_batch_1"]);
  const archive = await findFile(folders, ["cifar-10-binary.tar.gz", "cifar-10-binary.tar"]);
  const remedy = python
    ? "There is the Python version; the binary version is needed, from https://www.cs.toronto.edu/~kriz/cifar.html."
    : archive
      ? `Unpack ${archive} there (tar xf).`
      : "It is in the binary version's archive, from https://www.cs.toronto.edu/~kriz/cifar.html.";
  return new DataError(
    `data_params.data_path: expected ${name} in ${folders[0]}, got no such file. ${remedy}`,
  );
}

/** Planes one after another become channels side by side. */
function unpack(records: Uint8Array): Classified {
  const count = records.length / RECORD;
  const images = new Uint8Array(count * 3 * PLANE);
  const classes = new Uint8Array(count);
  let to = 0;
  for (let n = 0; n < count; n++) {
    const from = n * RECORD + 1;
    classes[n] = records[from - 1]!;
    for (let i = from; i < from + PLANE; i++) {
      images[to++] = records[i]!;
      images[to++] = records[i + PLANE]!;
      images[to++] = records[i + 2 * PLANE]!;
    }
  }
  return { images, classes };
}
