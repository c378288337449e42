import type { LayerSpec, NetworkTable } from "./layer_table.ts";

/** Widths, kernels and strides of the convolutions; a 3x3 max pool of stride 2 follows those of `POOLED`. */
const CONVS = [
  [64, 11, 4],
  [192, 5, 1],
  [384, 3, 1],
  [256, 3, 1],
  [256, 3, 1],
] as const;
const POOLED = [1, 2, 5];

function layers(): LayerSpec[] {
  return CONVS.flatMap(([outChannels, kernel, stride], i) => {
    const at = i + 1;
    const inChannels = i === 0 ? 3 : CONVS[i - 1]![0];
    const pad = at === 1 ? 2 : (kernel - 1) / 2;
    const conv: LayerSpec = { kind: "conv", name: `conv${at}`, inChannels, outChannels, kernel, stride, pad };
    const pool: LayerSpec = { kind: "max_pool", name: `pool${at}`, size: 3, stride: 2, ceil: false };
    return [conv, { kind: "relu", name: `relu${at}` }, ...(POOLED.includes(at) ? [pool] : [])] as LayerSpec[];
  });
}

/** AlexNet's `features` in the version of "One weird trick" (arXiv 1404.5997), as torchvision lists them. */
export const ALEXNET: NetworkTable = {
  name: "alexnet",
  summary: "AlexNet, trained on ImageNet by torchvision.",
  layers: layers(),
  defaultLayers: ["relu1", "relu2", "relu3"],
};
