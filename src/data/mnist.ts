import { join } from "node:path";
import { Type } from "typebox";
import { DataError } from "../errors.ts";
import { type Idx, readIdx } from "../formats/idx.ts";
import { type DatasetDefinition, defineDataset } from "./define.ts";
import { dataPath, findFile } from "./paths.ts";
import { type Classified, smallImages } from "./small_images.ts";

const SIDE = 28;
const CLASSES = 10;
const NoParams = Type.Object({});

/** Handwritten digits (LeCun, Cortes and Burges). */
export const mnist = idxDataset({
  name: "mnist",
  what: "handwritten digits",
  raw: "MNIST",
  source: "Its home page is http://yann.lecun.com/exdb/mnist/; torchvision's download is read too.",
  servers: [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
  ],
  files: [
    [
      "train-images-idx3-ubyte",
      9_912_422,
      "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ],
    ["train-labels-idx1-ubyte", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"],
    ["t10k-images-idx3-ubyte", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"],
    ["t10k-labels-idx1-ubyte", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"],
  ],
});

/** Clothes (Xiao, Rasul and Vollgraf, arXiv 1708.07747). */
export const fashionMnist = idxDataset({
  name: "fashion_mnist",
  what: "pictures of clothes",
  raw: "FashionMNIST",
  source:
    "Its home page is https://github.com/zalandoresearch/fashion-mnist; torchvision's download is read too.",
  servers: ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
  files: [
    [
      "train-images-idx3-ubyte",
      26_421_880,
      "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ],
    ["train-labels-idx1-ubyte", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"],
    ["t10k-images-idx3-ubyte", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"],
    ["t10k-labels-idx1-ubyte", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"],
  ],
  classes: "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot".split(", "),
});

interface IdxSource<Name> {
  readonly name: Name;
  readonly what: string;
  /** torchvision's folder: RAW/raw beneath the data folder. */
  readonly raw: string;
  readonly source: string;
  /** Where the files lie, as `NAME.gz`. */
  readonly servers: readonly string[];
  readonly files: readonly (readonly [name: string, bytes: number, sha256: string])[];
  readonly classes?: readonly string[];
}

function idxDataset<const Name extends string>({
  name,
  what,
  raw,
  source,
  servers,
  files,
  classes,
}: IdxSource<Name>): DatasetDefinition<typeof NoParams, Name> {
  const expected = `the folder of ${name}'s four IDX files`;
  return defineDataset({
    name,
    summary: `70,000 ${what}, 28x28 grey, with their class: 55,000 for training, 5,000 for validation, 10,000 for test. data_path is ${expected}, gz or not.`,
    params: NoParams,
    published: {
      files: files.map(([file, bytes, sha256]) => ({
        name: `${file}.gz`,
        bytes,
        sha256,
        urls: servers.map((server) => `${server}${file}.gz`),
      })),
    },
    imageShape: ({ patch_size: side = SIDE }) => [side, side, 1],
    async open({ data_path, patch_size }, args) {
      const folder = await dataPath(data_path, args, expected, source, name);
      const folders = [folder, join(folder, raw, "raw")];
      const [train, test] = [
        await readPart(folders, "train", source),
        await readPart(folders, "t10k", source),
      ];
      const spec = { side: SIDE, channels: 1, pads: [32], classes: classes ?? CLASSES };
      return smallImages(name, spec, patch_size, train, test);
    },
  });
}

async function readPart(folders: readonly string[], part: string, source: string): Promise<Classified> {
  const read = async (kind: string, rank: number): Promise<[string, Idx]> => {
    const names = [`${part}-${kind}-idx${rank}-ubyte`, `${part}-${kind}.idx${rank}-ubyte`];
    const file = await findFile(
      folders,
      names.flatMap((name) => [name, `${name}.gz`]),
    );
    if (file !== undefined) return [file, await readIdx(file, rank)];
    throw new DataError(
      `data_params.data_path: expected ${names[0]}[.gz] in ${folders[0]}, got no such file. ${source}`,
    );
  };
  const [imageFile, images] = await read("images", 3);
  const [labelFile, labels] = await read("labels", 1);
  const [count = 0, height, width] = images.shape;
  if (count === 0 || height !== SIDE || width !== SIDE) {
    throw new DataError(`${imageFile}: expected images of 28x28, got ${images.shape.join("x")}.`);
  }
  if (labels.data.length !== count) {
    throw new DataError(
      `${labelFile}: expected ${count} labels, one an image of ${imageFile}, got ${labels.data.length}.`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    throw new DataError(`${labelFile}: expected labels from 0 to 9, got ${labels.data[wrong]} at ${wrong}.`);
  }
  return { images: images.data, classes: labels.data };
}
