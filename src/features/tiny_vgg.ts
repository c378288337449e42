import type { NetworkTable } from "./layer_table.ts";
import { vggLayers } from "./vgg.ts";

/** Widths of tiny_vgg's 3x3 convolutions, block by block. */
export const TINY_VGG_BLOCKS = [[32, 32], [64, 64], [128, 128], [256]] as const;

/**
 * The embedded network: a small VGG that the project trained itself (`scripts/train_tiny_vgg.ts`), its batch norm
 * folded into the convolutions.
 */
export const TINY_VGG: NetworkTable = {
  name: "tiny_vgg",
  summary: "A small VGG of seven convolutions, trained by this project on CIFAR-10; comes with it.",
  layers: vggLayers(TINY_VGG_BLOCKS, false).slice(0, -1), // no pool after the last block
  defaultLayers: ["relu1_2", "relu2_2", "relu3_2"],
  embedded: "tiny_vgg.safetensors",
};
