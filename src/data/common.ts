import { type Static, Type } from "typebox";
import { oneOf } from "../one_of.ts";

/** Keys of `data_params` that all data sets have; the names are PyTorch-VAE's. */
export const DataCommon = Type.Object({
  data_path: Type.Optional(
    Type.String({ file: true, description: "Folder or file of the data; relative to this config file." }),
  ),
  train_batch_size: Type.Integer({
    minimum: 1,
    default: 64,
    description:
      "Images a training step; those left at the end of an epoch, fewer than that, are left out of it.",
  }),
  val_batch_size: Type.Integer({ minimum: 1, default: 64, description: "Images a validation step." }),
  patch_size: Type.Optional(
    Type.Integer({
      minimum: 8,
      maximum: 1024,
      description: "Side of the square images in pixels; default: the data set's own, 64 for image folders.",
    }),
  ),
  shuffle: oneOf(["auto", "whole", "blocks", "none"], {
    default: "auto",
    description:
      "The order of training images. whole: any order, drawn anew each epoch; blocks: blocks of neighbours are shuffled, then all images of 1024 blocks (at most 64 MB), so that reads are few and memory holds a window; none: that of the data; auto: whole up to 4,194,304 images, then blocks.",
  }),
  num_workers: Type.Integer({
    minimum: 0,
    default: 4,
    description: "Batches prepared ahead and images decoded at a time.",
  }),
  image_range: oneOf(["unit", "signed"], {
    default: "unit",
    description:
      "Range of the images that the model sees: unit is [0, 1], signed is [-1, 1] (for a tanh output).",
  }),
  horizontal_flip: Type.Boolean({
    default: false,
    description: "Mirror training images at random (never in validation).",
  }),
  binarize: oneOf(["off", "static", "dynamic"], {
    default: "off",
    description:
      "Draw each value as 0 or 1 with its own probability: static, once for each image; dynamic, training images anew each epoch (those of validation and test once).",
  }),
  feature_cache: oneOf(["off", "memory", "disk"], {
    default: "off",
    description:
      "Where the features of training images by a frozen network are kept between epochs; off with horizontal_flip and binarize: dynamic, which change them.",
  }),
  feature_cache_gb: Type.Number({
    exclusiveMinimum: 0,
    default: 4,
    description: "Most that the feature cache may take, in GB; what is beyond is computed at each step.",
  }),
  train_limit: Type.Optional(
    Type.Integer({ minimum: 1, description: "Use only the first N training images." }),
  ),
  val_limit: Type.Optional(
    Type.Integer({ minimum: 1, description: "Use only the first N validation images." }),
  ),
});
export type DataCommon = Static<typeof DataCommon>;
