import type { LayerSpec, NetworkTable } from "./layer_table.ts";

const pool = (after: number): LayerSpec => ({
  kind: "max_pool",
  name: `pool${after}`,
  size: 3,
  stride: 2,
  ceil: true,
});

const fire = (number: number, inChannels: number, squeeze: number, expand: number): LayerSpec => ({
  kind: "fire",
  name: `fire${number}`,
  inChannels,
  squeeze,
  expand1x1: expand,
  expand3x3: expand,
});

const stem = (outChannels: number, kernel: number): LayerSpec[] => [
  { kind: "conv", name: "conv1", inChannels: 3, outChannels, kernel, stride: 2, pad: 0 },
  { kind: "relu", name: "relu1" },
  pool(1),
];

/** SqueezeNet 1.0 and 1.1 (arXiv 1602.07360); modules numbered as in the paper, listed as in torchvision. */
export const SQUEEZENET: readonly NetworkTable[] = [
  {
    name: "squeezenet1_0",
    summary: "SqueezeNet 1.0, trained on ImageNet.",
    layers: [
      ...stem(96, 7),
      fire(2, 96, 16, 64),
      fire(3, 128, 16, 64),
      fire(4, 128, 32, 128),
      pool(4),
      fire(5, 256, 32, 128),
      fire(6, 256, 48, 192),
      fire(7, 384, 48, 192),
      fire(8, 384, 64, 256),
      pool(8),
      fire(9, 512, 64, 256),
    ],
    defaultLayers: ["relu1", "fire3", "fire5"],
  },
  {
    name: "squeezenet1_1",
    summary: "SqueezeNet 1.1, trained on ImageNet by torchvision.",
    layers: [
      ...stem(64, 3),
      fire(2, 64, 16, 64),
      fire(3, 128, 16, 64),
      pool(3),
      fire(4, 128, 32, 128),
      fire(5, 256, 32, 128),
      pool(5),
      fire(6, 256, 48, 192),
      fire(7, 384, 48, 192),
      fire(8, 384, 64, 256),
      fire(9, 512, 64, 256),
    ],
    defaultLayers: ["relu1", "fire3", "fire5"],
  },
];
