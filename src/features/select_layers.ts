import { ConfigError, ShapeError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import type { LayerName } from "./frozen_network.ts";
import { MODEL_KEYS, type NetworkKeys } from "./keys.ts";
import { type LayerSpec, layerShapes, type NetworkTable } from "./layer_table.ts";

export interface SelectedLayer {
  /** As it was asked for. */
  readonly name: string;
  /** Position in the table of the layer whose output it is. */
  readonly at: number;
}

/**
 * The layers asked for, in the network's order. A name means what it says: conv3_1 is the convolution's
 * output before batch norm and relu. An index means what PyTorch users see there: torchvision's ReLUs work
 * in place, so the output of the module before a ReLU is the ReLU's (vgg19_bn's 24 is relu3_4).
 * @throws ConfigError for a layer that the network lacks, or one asked for twice
 */
export function selectLayers(network: NetworkTable, asked: readonly LayerName[]): SelectedLayer[] {
  const selected = asked.map((layer, i) => ({ name: String(layer), at: position(network, layer, i) }));
  if (selected.length === 0) throw new ConfigError(`${MODEL_KEYS.layers}: expected at least one layer`);
  for (const [i, layer] of selected.entries()) {
    const other = selected.findIndex((l) => l.at === layer.at);
    if (other < i) {
      throw new ConfigError(
        `${MODEL_KEYS.layers}[${i}]: "${layer.name}" is the same layer of ${network.name} as ` +
          `"${selected[other]!.name}" (${network.layers[layer.at]!.name}); name it once`,
      );
    }
  }
  return selected.sort((a, b) => a.at - b.at);
}

function position({ name, layers }: NetworkTable, layer: LayerName, i: number): number {
  const text = String(layer);
  const at = /^\d+$/.test(text) ? Number(text) : layers.findIndex((l) => l.name === text);
  if (at < 0 || at >= layers.length) {
    const hint = didYouMean(
      text,
      layers.map((l) => l.name),
    );
    throw new ConfigError(
      `${MODEL_KEYS.layers}[${i}]: expected a layer of ${name}, ${layerList(layers)}, or a torchvision ` +
        `index 0 … ${layers.length - 1}, got ${JSON.stringify(layer)}.${hint}`,
    );
  }
  const byIndex = layers[at]!.name !== text;
  return byIndex && layers[at + 1]?.kind === "relu" ? at + 1 : at;
}

/** The layers' names by kind, "conv1_1 … conv5_4, relu1_1 … relu5_4, pool1 … pool5". */
function layerList(layers: readonly LayerSpec[]): string {
  const kinds = [...new Set(layers.map((l) => l.kind))];
  return kinds
    .map((kind) => layers.filter((l) => l.kind === kind).map((l) => l.name))
    .map((names) => (names.length > 2 ? `${names[0]} … ${names.at(-1)}` : names.join(", ")))
    .join(", ");
}

/** @throws ShapeError where images of `height` x `width` are too small for a layer selected */
export function checkImageSize(
  network: NetworkTable,
  selected: readonly SelectedLayer[],
  [height, width]: readonly [number, number],
  keys: NetworkKeys = MODEL_KEYS,
): void {
  const deepest = selected.at(-1)!;
  const fits = (at: number, h: number, w: number) =>
    layerShapes(network.layers.slice(0, at + 1), h, w).every(([y, x]) => y >= 1 && x >= 1);
  if (fits(deepest.at, height, width)) return;
  let smallest = 1;
  while (!fits(deepest.at, smallest, smallest)) smallest++;
  const last = network.layers.findLastIndex((_, at) => fits(at, height, width));
  const remedy =
    last < 0 ? "" : `, or layers up to ${network.layers[last]!.name}, the deepest that fits these images`;
  throw new ShapeError(
    `${keys.layers}: layer "${deepest.name}" of ${network.name} needs images of at least ` +
      `${smallest}x${smallest}, got ${height}x${width}; use larger images (${keys.side ?? "data_params.patch_size"})${remedy}`,
  );
}
