import { basename } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { ConfigError } from "../../errors.ts";
import { examples } from "../examples.ts";

interface ListOptions {
  readonly imageSize: number;
}

/** `vae networks`: the frozen networks, their layers and their weights. */
export function addNetworks(program: Command): void {
  const networks = program
    .command("networks")
    .description("list the frozen networks, or the layers of one, and which weights are there")
    .argument("[name]", "its layers, with their index and the size of their output")
    .option("--image-size <n>", "side of the images that the sizes are of, in pixels", side, 64)
    .addHelpText(
      "after",
      examples({
        "vae networks": "all",
        "vae networks vgg19 --image-size 128": "the layers of one",
        "vae networks fetch vgg19": "get torchvision's weights, once",
        "vae networks fetch vgg19 --weights caffe": "get those of the DFC-VAE paper",
      }),
    )
    .action((name: string | undefined, options: ListOptions) => (name ? layers(name, options) : list()));
  networks
    .command("fetch")
    .description("get the weights of a network into the user's cache")
    .argument("<name>", "the network")
    .option(
      "--weights <source>",
      "torchvision, caffe, a URL with #sha256=…, or hf:OWNER/NAME/FILE",
      "torchvision",
    )
    .addHelpText("after", examples({ "vae networks fetch vgg16": "torchvision's" }))
    .action((name: string, { weights }: { weights: string }) => get(name, weights));
}

async function list(): Promise<void> {
  const { existsSync } = await import("node:fs");
  const { getNetwork, networkNames } = await import("../../features/registry.ts");
  const { knownWeights } = await import("../../features/sources/known.ts");
  const { knownSource } = await import("../../features/sources/source.ts");
  const { table } = await import("../table.ts");
  const rows = networkNames().flatMap((name) => {
    const { layers, embedded } = getNetwork(name);
    if (embedded) return [[name, layers.length, "embedded", "comes with the project"]];
    return knownWeights(name).map((known) => {
      const { file } = knownSource(known);
      return [
        name,
        layers.length,
        known.word,
        existsSync(file) ? file : `not there: vae networks fetch ${name}${option(known.word)}`,
      ];
    });
  });
  console.log(table(["network", "modules", "weights", "file"], rows));
}

const option = (word: string): string => (word === "torchvision" ? "" : ` --weights ${word}`);

async function layers(name: string, { imageSize }: ListOptions): Promise<void> {
  const { getNetwork } = await import("../../features/registry.ts");
  const { layerShapes } = await import("../../features/layer_table.ts");
  const { table } = await import("../table.ts");
  const network = getNetwork(name);
  const shapes = layerShapes(network.layers, imageSize, imageSize);
  const fits = shapes.findIndex(([h, w]) => h < 1 || w < 1);
  const rows = network.layers.map((layer, at) => [
    at,
    layer.name,
    fits >= 0 && at >= fits ? "too small" : shapes[at]!.join("x"),
    network.defaultLayers.includes(layer.name) ? "compared by default" : "",
  ]);
  console.log(network.summary);
  console.log(table(["index", "layer", `of ${imageSize}x${imageSize}`, ""], rows));
}

async function get(name: string, weights: string): Promise<void> {
  const { existsSync } = await import("node:fs");
  const { getNetwork } = await import("../../features/registry.ts");
  const { fetchWeights } = await import("../../features/sources/fetch.ts");
  const { sourceOf } = await import("../../features/sources/source.ts");
  const { readNetworkWeights } = await import("../../features/find_weights.ts");
  const { downloading } = await import("../downloading.ts");
  const network = getNetwork(name);
  if (network.embedded) return console.log(`${name} comes with its weights: nothing to get.`);
  const source = sourceOf(name, weights);
  if (source.kind === "random" || source.kind === "file")
    throw new ConfigError(`--weights: expected weights that can be got, got "${weights}". Leave it out.`);
  if (existsSync(source.file)) return console.log(`${source.file} is there already.`);
  await downloading("the next call goes on where it ended", async ({ progress, signal }) => {
    const file = await fetchWeights(source, { onProgress: progress.show, signal });
    progress.close();
    await readNetworkWeights(file, network, network.layers.length - 1); // whether they are this network's
    console.log(`${basename(file)} is there: ${file}`);
  });
}

function side(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError("Expected an integer ≥ 1.");
  return n;
}
