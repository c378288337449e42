import type { LayerSpec, NetworkTable } from "./layer_table.ts";

/** Widths of the 3x3 convolutions, block by block; a 2x2 max pool ends each block. */
const BLOCKS = {
  vgg11: [[64], [128], [256, 256], [512, 512], [512, 512]],
  vgg13: [
    [64, 64],
    [128, 128],
    [256, 256],
    [512, 512],
    [512, 512],
  ],
  vgg16: [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
  ],
  vgg19: [
    [64, 64],
    [128, 128],
    [256, 256, 256, 256],
    [512, 512, 512, 512],
    [512, 512, 512, 512],
  ],
} as const;

/** VGG's `features` (arXiv 1409.1556) as torchvision lists them: [conv, (bn,) relu] ..., pool per block. */
export function vggLayers(blocks: readonly (readonly number[])[], batchNorm: boolean): LayerSpec[] {
  const layers: LayerSpec[] = [];
  let inChannels = 3;
  for (const [b, widths] of blocks.entries()) {
    for (const [i, outChannels] of widths.entries()) {
      const at = `${b + 1}_${i + 1}`;
      layers.push({ kind: "conv", name: `conv${at}`, inChannels, outChannels, kernel: 3, stride: 1, pad: 1 });
      if (batchNorm) layers.push({ kind: "batch_norm", name: `bn${at}`, channels: outChannels });
      layers.push({ kind: "relu", name: `relu${at}` });
      inChannels = outChannels;
    }
    layers.push({ kind: "max_pool", name: `pool${b + 1}`, size: 2, stride: 2, ceil: false });
  }
  return layers;
}

/** VGG-11, 13, 16 and 19, without and with batch norm. */
export const VGG: readonly NetworkTable[] = Object.entries(BLOCKS).flatMap(([name, blocks]) =>
  [false, true].map((batchNorm) => ({
    name: batchNorm ? `${name}_bn` : name,
    summary: `VGG-${name.slice(3)}${batchNorm ? " with batch norm" : ""}, trained on ImageNet by torchvision.`,
    layers: vggLayers(blocks, batchNorm),
    // VAE-123 of the deep feature consistent VAE (arXiv 1610.00291).
    defaultLayers: ["relu1_1", "relu2_1", "relu3_1"],
  })),
);
