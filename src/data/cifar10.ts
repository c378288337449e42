import { Type } from "typebox";
import { batches, SIDE, TEST } from "./cifar10/batches.ts";
import { defineDataset } from "./define.ts";
import { dataPath } from "./paths.ts";
import { type Classified, smallImages } from "./small_images.ts";

const EXPECTED =
  "the folder of CIFAR-10 (data_batch_1.bin … 5 and test_batch.bin, or data_batch_1 … 5 and test_batch of the Python version, or one of its archives)";
const SOURCE = "It is published at https://www.cs.toronto.edu/~kriz/cifar.html.";

/** As in its batches.meta.txt. */
const CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

/** Photographs of ten kinds of things (Krizhevsky, "Learning multiple layers of features", 2009). */
export const cifar10 = defineDataset({
  name: "cifar10",
  summary: `60,000 photographs, 32x32 in colour, with their class: 45,000 for training, 5,000 for validation, 10,000 for test. data_path is ${EXPECTED}.`,
  params: Type.Object({}),
  published: {
    files: [
      {
        name: "cifar-10-binary.tar.gz",
        bytes: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
      },
    ],
  },
  imageShape: ({ patch_size: side = SIDE }) => [side, side, 3],
  async open({ data_path, patch_size }, args) {
    const folder = await dataPath(data_path, args, EXPECTED, SOURCE, "cifar10");
    const train: Classified[] = [];
    const test: Classified[] = [];
    for await (const [name, batch] of batches(folder)) (name === TEST ? test : train).push(batch);
    return smallImages(
      "cifar10",
      { side: SIDE, channels: 3, pads: [], classes: CLASSES },
      patch_size,
      joined(train),
      joined(test),
    );
  },
});

function joined(parts: readonly Classified[]): Classified {
  return {
    images: Buffer.concat(parts.map(({ images }) => images)),
    classes: Buffer.concat(parts.map(({ classes }) => classes)),
  };
}
