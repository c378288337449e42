import { join, relative } from "node:path";
import { type Static, Type } from "typebox";
import { oneOf } from "../config/schema.ts";
import { ConfigError, DataError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";
import { defineDataset } from "./define.ts";
import { decodeImage, type ImageTransform } from "./image_folder/decode.ts";
import { type ImageFile, listImages, type Part } from "./image_folder/files.ts";
import { type Assigned, assignParts } from "./image_folder/split.ts";
import { ordered } from "./ordered.ts";
import { openPacked, type PackWriter } from "./packed.ts";
import { dataPath } from "./paths.ts";
import { type LabelTable, splitOf } from "./store.ts";

/** Raise it when decoding or the transforms change. */
const VERSION = 1;
/** PyTorch-VAE's crop of CelebA's aligned faces, 178x218. */
const CELEBA = { folder: "img_align_celeba", crop: 148 } as const;

const share = (description: string) =>
  Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.1, description });

const Params = Type.Object({
  pattern: Type.Union(
    [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })],
    {
      default: "**/*.{jpg,jpeg,png,webp}",
      description: "Glob, or a list of them, of the images below data_path; upper and lower case alike.",
    },
  ),
  center_crop: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        "Side in pixels of the middle that is kept before resizing, 0 for all; default 148 for CelebA's img_align_celeba, else 0.",
    }),
  ),
  channels: Type.Unsafe<1 | 3>({
    type: "integer",
    enum: [1, 3],
    default: 3,
    description: "3: colour; 1: grey.",
  }),
  label_from: oneOf(["none", "folder"], {
    default: "none",
    description: "folder: an image's class is the number of its first sub-folder, in order of name.",
  }),
  splits: Type.Object(
    { val: share("Share of the validation images."), test: share("Share of the test images.") },
    { additionalProperties: false, default: {}, description: "Shares drawn by a hash of each image's path." },
  ),
  split_folders: oneOf(["auto", "always", "never"], {
    default: "auto",
    description:
      "Whether the sub-folders train, val and test are the splits; auto: where train and another are there.",
  }),
  max_bad_share: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.01,
    description: "Share of the images that may be unreadable and are skipped; more is an error.",
  }),
});

/** Any images in a folder: decoded, cropped and resized once as PyTorch-VAE's CelebA transform does. */
export const imageFolder = defineDataset({
  name: "image_folder",
  summary:
    "JPEG, PNG and WebP images of a folder (data_path), cropped and resized to squares of patch_size (64); splits by sub-folders or by a hash of the path; labels none or the sub-folder.",
  params: Params,
  async open(params, args): Promise<Dataset> {
    const folder = await dataPath(params.data_path, args, "a folder of images");
    const { splits: shares, channels, patch_size: size = 64 } = params;
    if (shares.val + shares.test >= 1) {
      throw new ConfigError(
        `data_params.splits: expected val and test to leave some for training, got ${shares.val} and ${shares.test}.`,
      );
    }
    const patterns = [params.pattern].flat();
    const files = await listImages(folder, patterns);
    if (files.length === 0) throw noImages(folder, patterns, params.data_path);
    const celeba = files.every(({ path }) => join(folder, path).split(/[/\\]/).includes(CELEBA.folder));
    const crop = params.center_crop ?? (celeba ? CELEBA.crop : 0);
    const transform: ImageTransform = { size, channels, ...(crop > 0 && { centerCrop: crop }) };
    const imageShape = [size, size, channels] as const;
    const packed = await openPacked(
      {
        name: "image_folder",
        key: { version: VERSION, folder, transform, files: files.map((f) => [f.path, f.size, f.mtime]) },
        shape: imageShape,
        capacity: files.length,
        make: (writer) => pack(writer, folder, files, transform, params),
      },
      args,
    );
    try {
      const skipped = packed.meta as Skipped[];
      const bad = new Set(skipped.map(({ path }) => path));
      checkShare(skipped, files.length, params.max_bad_share, folder);
      const paths = files.flatMap(({ path }) => (bad.has(path) ? [] : [path]));
      const assigned = assignParts(paths, params.split_folders, shares);
      const { parts, note } = assigned;
      const labels = params.label_from === "folder" ? folderLabels(paths, assigned, folder) : undefined;
      const rows = (part: Part) => Int32Array.from(parts.keys()).filter((i) => parts[i] === part);
      const split = (part: Part) => splitOf(packed, rows(part), labels?.table);
      const splits = { train: split("train"), val: split("val"), test: split("test") };
      if (splits.train.size === 0) {
        throw new DataError(
          `${folder}: expected images for training, got none: ${note} Add images, or lower data_params.splits.`,
        );
      }
      const cropped =
        params.center_crop === undefined && crop > 0 ? ` CelebA: center_crop ${crop}, as PyTorch-VAE.` : "";
      return {
        name: "image_folder",
        imageShape,
        splits,
        splitNote: note + cropped + (labels?.note ?? ""),
        labelNames: labels ? ["class"] : [],
        skipped: skipped.map(({ path, reason }) => `${path}: ${reason}`),
        close: () => packed.close(),
      };
    } catch (error) {
      await packed.close();
      throw error;
    }
  },
});

type Params = Static<typeof Params> & { readonly num_workers: number };
interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/** Decodes all files into the pack, in order and without gaps; unreadable ones are skipped. */
async function pack(
  { put }: PackWriter,
  folder: string,
  files: readonly ImageFile[],
  transform: ImageTransform,
  { num_workers, max_bad_share }: Params,
): Promise<{ count: number; meta: Skipped[] }> {
  const skipped: Skipped[] = [];
  let count = 0;
  const decode = async (i: number) => {
    try {
      return await decodeImage(join(folder, files[i]!.path), transform);
    } catch (error) {
      return error as Error;
    }
  };
  let index = 0;
  for await (const image of ordered(files.length, Math.max(1, num_workers), decode)) {
    const { path } = files[index++]!;
    if (image instanceof Error) {
      skipped.push({ path, reason: reasonOf(image) });
      checkShare(skipped, files.length, max_bad_share, folder);
    } else await put(count++, image);
  }
  return { count, meta: skipped };
}

/** Why an image can't be read, in one line without the file's name. */
function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") return "no permission to read it";
  if (code === "ENOENT") return "the file it links to is missing";
  if (/Input Buffer is empty/i.test(error.message)) return "empty file";
  return error.message.replace(/\s+/g, " ").trim();
}

function checkShare(skipped: readonly Skipped[], all: number, most: number, folder: string): void {
  if (skipped.length <= most * all) return;
  const shown = skipped.slice(0, 5).map(({ path, reason }) => `\n  ${path}: ${reason}`);
  const more = skipped.length > 5 ? `\n  and ${skipped.length - 5} more` : "";
  throw new DataError(
    `${folder}: expected at most ${most * 100} % of ${all} images to be unreadable, got ${skipped.length} so far:${shown.join("")}${more}\nMend or remove them, or raise data_params.max_bad_share.`,
  );
}

function noImages(folder: string, patterns: readonly string[], given: string | undefined): DataError {
  const from = relative(process.cwd(), folder) === given ? "" : `, for data_path "${given}"`;
  return new DataError(
    `data_params.data_path: expected images that fit ${patterns.map((p) => `"${p}"`).join(" or ")} in ${folder} (current folder ${process.cwd()}${from}), got none. Name the folder above the images, or set data_params.pattern.`,
  );
}

/** The class of each image: its first sub-folder, beneath the folder of its split where there are such. */
function folderLabels(
  paths: readonly string[],
  { parts, byFolder }: Assigned,
  folder: string,
): { table: LabelTable; note: string } {
  const depth = byFolder ? 1 : 0;
  const names = paths.map((path, i) => {
    if (parts[i] === undefined) return undefined;
    const folders = path.split("/").slice(depth, -1);
    if (folders[0] !== undefined) return folders[0];
    throw new DataError(
      `data_params.label_from: expected each image in the folder of its class, got ${path} in ${folder}. Move it, or set label_from: none.`,
    );
  });
  const classes = [...new Set(names.filter((name) => name !== undefined))].sort();
  const number = new Map(classes.map((name, i) => [name, i]));
  const values = Float32Array.from(names, (name) => number.get(name ?? "") ?? 0);
  const shown = classes.slice(0, 20).map((name, i) => `${i} ${name}`);
  const more = classes.length > 20 ? `, … ${classes.length - 1}` : "";
  return { table: { values, width: 1 }, note: ` Classes: ${shown.join(", ")}${more}.` };
}
