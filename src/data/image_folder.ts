import { join } from "node:path";
import { Type } from "typebox";
import { ConfigError, DataError } from "../errors.ts";
import { oneOf } from "../one_of.ts";
import type { Dataset } from "./dataset.ts";
import { defineDataset } from "./define.ts";
import { centerCropOf } from "./image_folder/crop.ts";
import type { ImageTransform } from "./image_folder/decode.ts";
import { IMAGE_FILES, listImages } from "./image_folder/files.ts";
import { folderLabels } from "./image_folder/labels.ts";
import type { Listing } from "./image_folder/listing.ts";
import { notesOf } from "./image_folder/notes.ts";
import { checkShare, packImages, type Skipped } from "./image_folder/pack.ts";
import { eachOnce } from "./image_folder/repeats.ts";
import { assignParts, isByFolder, type Part, splitHints } from "./image_folder/split.ts";
import { printable } from "./image_folder/words.ts";
import { openPacked } from "./packed.ts";
import { dataPath } from "./paths.ts";
import { splitOf } from "./store.ts";

/** Raise it when decoding or the transforms change. */
const VERSION = 1;
/** What chooses among a folder's files. */
const CHOOSES = "data_params.pattern";
const CLASS_HINT =
  "which is an image's first folder below data_path, or below its split's: let data_path end above the classes' folders, or say data_params.split_folders=always where the first are train, val and test";
const LABEL_REMEDY = "data_params.label_from=folder takes them from sub-folders";
const share = (description: string) =>
  Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.1, description });

const Params = Type.Object({
  pattern: Type.Union(
    [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })],
    {
      default: IMAGE_FILES,
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
      "Whether the sub-folders train, val and test are the splits; auto: where train and another are there, or train alone.",
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
    "JPEG, PNG, WebP, TIFF, GIF and AVIF images of a folder (data_path), cropped and resized to squares of patch_size (64); splits by sub-folders or by a hash of the path; labels none or the sub-folder.",
  params: Params,
  imageShape: ({ patch_size: size = 64, channels }) => [size, size, channels],
  isUnlabelled: ({ label_from }) => label_from === "none",
  labelRemedy: LABEL_REMEDY,
  check({ splits: { val, test } }) {
    if (val + test < 1) return;
    throw new ConfigError(
      `data_params.splits: expected val and test to leave some for training, got ${val} and ${test}.`,
    );
  },
  async open(params, args): Promise<Dataset> {
    const folder = await dataPath(params.data_path, args, "a folder of images");
    const { splits: shares, channels, patch_size: size = 64 } = params;
    const patterns = [params.pattern].flat();
    const listing = await listImages(folder, patterns, args.progress);
    if (listing.files.length === 0) throw noImages(folder, patterns, listing);
    const byFolder = isByFolder(
      listing.files.map(({ path }) => path),
      params.split_folders,
    );
    const { files, notes: repeats } = eachOnce(listing, byFolder);
    const crop = centerCropOf(
      params.center_crop,
      files.map(({ path }) => join(folder, path)),
    );
    const transform: ImageTransform = { size, channels, ...(crop > 0 && { centerCrop: crop }) };
    const imageShape = [size, size, channels] as const;
    const packed = await openPacked(
      {
        name: "image_folder",
        key: {
          version: VERSION,
          folder: listing.root,
          transform,
          files: files.map((file) => Object.values(file)),
        },
        shape: imageShape,
        capacity: files.length,
        resumes: true,
        make: (writer) => packImages(writer, folder, files, transform, params),
      },
      args,
    );
    try {
      const skipped = packed.meta as Skipped[];
      const bad = new Set(skipped.map(({ path }) => path));
      checkShare(skipped, files.length, params.max_bad_share, folder);
      const paths = files.flatMap(({ path }) => (bad.has(path) ? [] : [path]));
      const assigned = assignParts(paths, byFolder, shares);
      const { parts, note } = assigned;
      const labels = params.label_from === "folder" ? folderLabels(paths, assigned, folder) : undefined;
      const hints =
        params.split_folders === "auto" && !byFolder ? splitHints(paths, labels !== undefined) : [];
      const notes = [...repeats, ...notesOf(listing, CHOOSES), ...hints];
      const rows = (part: Part) => Int32Array.from(parts.keys()).filter((i) => parts[i] === part);
      const split = (part: Part) => splitOf(packed, rows(part), labels?.table, paths);
      const splits = { train: split("train"), val: split("val"), test: split("test") };
      if (splits.train.size === 0) {
        throw new DataError(
          `${folder}: expected images for training, got none: ${[note, ...repeats.map((said) => `${said}.`)].join(" ")} Add images${repeats.length > 0 ? ", remove links" : ""}, or lower data_params.splits.`,
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
        ...(labels && {
          labelValues: [labels.classes.length],
          valueNames: [labels.classes],
          labelHint: CLASS_HINT,
        }),
        labelRemedy: LABEL_REMEDY,
        notes,
        skipped: skipped.map(({ path, reason }) => `${printable(path)}: ${reason}`),
        close: () => packed.close(),
      };
    } catch (error) {
      await packed.close();
      throw error;
    }
  },
});

function noImages(folder: string, patterns: readonly string[], listing: Listing): DataError {
  const wanted = patterns.map((pattern) => `"${pattern}"`).join(" or ");
  const there = notesOf(listing, CHOOSES).map((note) => ` There: ${note}.`);
  return new DataError(
    `data_params.data_path: expected images that fit ${wanted} in ${folder}, got none (the current folder is ${process.cwd()}).${there.join("")} Name the folder above the images, or set data_params.pattern.`,
  );
}
