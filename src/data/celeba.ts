import { join } from "node:path";
import { Type } from "typebox";
import { DataError } from "../errors.ts";
import { oneOf } from "../one_of.ts";
import { type CelebaImages, IMAGES, openImages } from "./celeba/images.ts";
import { type Attributes, type Part, readAttributes, readPartition } from "./celeba/tables.ts";
import type { Dataset, OpenArgs } from "./dataset.ts";
import { defineDataset, type PublishedFile } from "./define.ts";
import type { ImageTransform } from "./image_folder/decode.ts";
import type { ImageFile } from "./image_folder/listing.ts";
import { checkShare, packImages, type Skipped } from "./image_folder/pack.ts";
import { openPacked } from "./packed.ts";
import { dataPath, findFile } from "./paths.ts";
import { type LabelTable, splitOf } from "./store.ts";

/** Raise it when decoding or the transforms change. */
const VERSION = 1;
const ATTRIBUTES = "list_attr_celeba";
const PARTITION = "list_eval_partition";
const EXPECTED = `the folder of CelebA (${IMAGES} or ${IMAGES}.zip, ${ATTRIBUTES}.txt, ${PARTITION}.txt)`;
const SOURCE =
  "Its authors give it for research at https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html: Img/img_align_celeba.zip, Anno/list_attr_celeba.txt, Eval/list_eval_partition.txt; put the three into one folder, or keep theirs.";

/** What of the aligned faces, 178x218, is resized. */
const CROPS = {
  /** PyTorch-VAE's: the middle. */
  pytorch_vae: { centerCrop: 148 },
  /** The DFC-VAE authors' (their published code, data/crop_celebA.lua): 138x138 from column 30 and row 40 on. */
  paper: { box: { left: 30, top: 40, side: 138 } },
} as const satisfies Record<string, Partial<ImageTransform>>;

const Params = Type.Object({
  crop: oneOf(["pytorch_vae", "paper"], {
    default: "pytorch_vae",
    description:
      "What is kept of the 178x218 faces before resizing. pytorch_vae: the middle 148x148; paper: 138x138 from column 30 and row 40 on, as the DFC-VAE's authors do.",
  }),
  max_bad_share: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.01,
    description: "Share of the images that may be unreadable and are skipped; more is an error.",
  }),
});

/** Celebrities' faces with 40 attributes (Liu et al., "Deep learning face attributes in the wild", arXiv 1411.7766). */
export const celeba = defineDataset({
  name: "celeba",
  summary: `CelebA's 202,599 aligned faces with 40 attributes, cropped and resized to squares of patch_size (64); its own partition: 162,770 for training, 19,867 for validation, 19,962 for test. data_path is ${EXPECTED}.`,
  params: Params,
  published: {
    files: [
      drive(
        `${IMAGES}.zip`,
        "0B7EVK8r0v71pZjFTYXZWM3FlRnM",
        1_443_490_838,
        "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
      ),
      drive(
        `${ATTRIBUTES}.txt`,
        "0B7EVK8r0v71pblRyaVFSWGxPY0U",
        26_721_026,
        "f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0",
      ),
      drive(
        `${PARTITION}.txt`,
        "0B7EVK8r0v71pY0NSMzRuSXJEVkk",
        2_836_386,
        "fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7",
      ),
    ],
    terms:
      "CelebA's authors give it for non-commercial research alone: https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html.",
  },
  imageShape: ({ patch_size: size = 64 }) => [size, size, 3],
  async open({ data_path, patch_size: size = 64, crop, ...params }, args): Promise<Dataset> {
    const root = await dataPath(data_path, args, EXPECTED, SOURCE, "celeba");
    const folders = [root, join(root, "celeba")].flatMap((folder) => [
      folder,
      ...["Img", "Anno", "Eval"].map((name) => join(folder, name)), // the authors' own folders
    ]);
    const partition = await readPartition(await tableFile(folders, PARTITION));
    const attributes = await readAttributes(await tableFile(folders, ATTRIBUTES));
    const images = await openImages(folders);
    if (images === undefined) throw missing(`${IMAGES} with images, or ${IMAGES}.zip`, root);
    try {
      const files = [...partition.keys()].flatMap((name) => images.files.get(name) ?? []);
      if (files.length === 0) throw missing(`images that ${PARTITION} names in ${images.path}`, root);
      const transform = { size, channels: 3, ...CROPS[crop] } as const;
      return await pack(images, files, transform, { partition, attributes, ...params }, args);
    } finally {
      images.close();
    }
  },
});

/** A file of the authors' Google Drive, which answers a page instead where too many have asked for it. */
function drive(name: string, id: string, bytes: number, sha256: string): PublishedFile {
  const query = `id=${id}&export=download&confirm=t`;
  return { name, bytes, sha256, urls: [`https://drive.usercontent.google.com/download?${query}`] };
}

interface Tables {
  readonly partition: ReadonlyMap<string, Part>;
  readonly attributes: Attributes;
  readonly num_workers: number;
  readonly max_bad_share: number;
}

async function pack(
  { path, read }: CelebaImages,
  files: readonly ImageFile[],
  transform: ImageTransform,
  { partition, attributes, ...params }: Tables,
  args: OpenArgs,
): Promise<Dataset> {
  const imageShape = [transform.size, transform.size, 3] as const;
  const packed = await openPacked(
    {
      name: "celeba",
      key: { version: VERSION, path, transform, files: files.map((file) => Object.values(file)) },
      shape: imageShape,
      capacity: files.length,
      resumes: true,
      make: (writer) => packImages(writer, path, files, transform, params, read),
    },
    args,
  );
  try {
    const skipped = packed.meta as Skipped[];
    checkShare(skipped, files.length, params.max_bad_share, path);
    const bad = new Set(skipped.map((s) => s.path));
    const names = files.flatMap((file) => (bad.has(file.path) ? [] : [nameOf(file)]));
    const labels = labelsOf(names, attributes);
    const split = (part: Part) => {
      const rows = Int32Array.from(names.keys()).filter((i) => partition.get(names[i]!) === part);
      return splitOf(packed, rows, labels, names);
    };
    const splits = { train: split("train"), val: split("val"), test: split("test") };
    if (splits.train.size === 0)
      throw new DataError(
        `${path}: expected images for training, got none of those that ${PARTITION} names.`,
      );
    const left = partition.size - files.length;
    const absent = left > 0 ? ` ${left} images of it are not there.` : "";
    return {
      name: "celeba",
      imageShape,
      splits,
      splitNote: `CelebA's own partition: ${splits.train.size} train, ${splits.val.size} val, ${splits.test.size} test.${absent}`,
      labelNames: attributes.names,
      labelValues: attributes.names.map(() => 2),
      skipped: skipped.map((s) => `${s.path}: ${s.reason}`),
      close: () => packed.close(),
    };
  } catch (error) {
    await packed.close();
    throw error;
  }
}

const nameOf = ({ path }: ImageFile): string => path.slice(path.lastIndexOf("/") + 1);

/** The attributes of the images `names`. @throws DataError for an image without */
function labelsOf(names: readonly string[], { names: columns, rows, values }: Attributes): LabelTable {
  const width = columns.length;
  const picked = new Float32Array(names.length * width);
  for (const [i, name] of names.entries()) {
    const row = rows.get(name);
    if (row === undefined)
      throw new DataError(`${ATTRIBUTES}: expected a line for each image, got none for ${name}. ${SOURCE}`);
    picked.set(values.subarray(row * width, (row + 1) * width), i * width);
  }
  return { values: picked, width };
}

async function tableFile(folders: readonly string[], name: string): Promise<string> {
  const file = await findFile(folders, [`${name}.txt`, `${name}.csv`]);
  if (file === undefined) throw missing(`${name}.txt`, folders[0]!);
  return file;
}

const missing = (what: string, folder: string): DataError =>
  new DataError(`data_params.data_path: expected ${what} in ${folder}, got no such thing. ${SOURCE}`);
