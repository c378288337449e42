/** One module of a torchvision `features` list; its index there is its position in the table. */
export type LayerSpec =
  | {
      readonly kind: "conv";
      readonly name: string;
      readonly inChannels: number;
      readonly outChannels: number;
      readonly kernel: number;
      readonly stride: number;
      /** On every side; either (kernel - 1) / 2 with stride 1, or 0. */
      readonly pad: number;
    }
  | { readonly kind: "batch_norm"; readonly name: string; readonly channels: number }
  | { readonly kind: "relu"; readonly name: string }
  | {
      readonly kind: "max_pool";
      readonly name: string;
      readonly size: number;
      readonly stride: number;
      /** A last window that hangs over the edge counts too (PyTorch's ceil_mode). */
      readonly ceil: boolean;
    }
  | {
      /** 1x1 to `squeeze` channels and relu, then 1x1 and 3x3 side by side, each with relu (SqueezeNet). */
      readonly kind: "fire";
      readonly name: string;
      readonly inChannels: number;
      readonly squeeze: number;
      readonly expand1x1: number;
      readonly expand3x3: number;
    };

export interface NetworkTable {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly layers: readonly LayerSpec[];
  /** What a feature loss compares where a config names no layers. */
  readonly defaultLayers: readonly string[];
  /** File in `assets/` with the weights, where they come with the project. */
  readonly embedded?: string;
}

/** Batch norm's epsilon, torch.nn.BatchNorm2d's default. */
export const BATCH_NORM_EPSILON = 1e-5;

/** Rows (or columns) that a layer makes of `size`; below 1 where the image is too small for it. */
function outputSize(layer: LayerSpec, size: number): number {
  switch (layer.kind) {
    case "conv":
      return Math.floor((size + 2 * layer.pad - layer.kernel) / layer.stride) + 1;
    case "max_pool": {
      if (!layer.ceil) return Math.floor((size - layer.size) / layer.stride) + 1;
      const windows = Math.ceil((size - layer.size) / layer.stride) + 1;
      return (windows - 1) * layer.stride >= size ? windows - 1 : windows; // each starts inside
    }
    default:
      return size;
  }
}

/** Channels after a layer that gets `channels`. */
function outputChannels(layer: LayerSpec, channels: number): number {
  if (layer.kind === "conv") return layer.outChannels;
  return layer.kind === "fire" ? layer.expand1x1 + layer.expand3x3 : channels;
}

/** [height, width, channels] after each layer, for images of `height` x `width`. */
export function layerShapes(
  layers: readonly LayerSpec[],
  height: number,
  width: number,
): [number, number, number][] {
  let shape: [number, number, number] = [height, width, 3];
  return layers.map((layer) => {
    const [h, w, c] = shape;
    shape = [outputSize(layer, h), outputSize(layer, w), outputChannels(layer, c)];
    return shape;
  });
}

/** PyTorch's names and shapes (OIHW) of a layer's weights, below `features.`; empty for relu and pools. */
export function layerEntries(layer: LayerSpec, index: number): { name: string; shape: number[] }[] {
  const conv = (name: string, outChannels: number, inChannels: number, kernel: number) => [
    { name: `${name}.weight`, shape: [outChannels, inChannels, kernel, kernel] },
    { name: `${name}.bias`, shape: [outChannels] },
  ];
  switch (layer.kind) {
    case "conv":
      return conv(String(index), layer.outChannels, layer.inChannels, layer.kernel);
    case "batch_norm":
      return ["weight", "bias", "running_mean", "running_var"].map((leaf) => ({
        name: `${index}.${leaf}`,
        shape: [layer.channels],
      }));
    case "fire":
      return [
        ...conv(`${index}.squeeze`, layer.squeeze, layer.inChannels, 1),
        ...conv(`${index}.expand1x1`, layer.expand1x1, layer.squeeze, 1),
        ...conv(`${index}.expand3x3`, layer.expand3x3, layer.squeeze, 3),
      ];
    default:
      return [];
  }
}
