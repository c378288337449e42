/**
 * For an experiment of VanillaVAE and DFCVAE runs, the weight `beta` of each DFCVAE run at which a picture that says
 * nothing, the mean of the training images, costs as much as in the VanillaVAE run: so all runs weigh what z could
 * tell against its KL from the same start. Looks at training images alone, and at nothing that was trained.
 *
 *   npx tsx scripts/match_losses.ts configs/experiments/paper_shapes3d.yaml [--set KEY=VALUE …]
 */
import { parseArgs } from "node:util";
import { useBackend } from "../src/backends/use_backend.ts";
import { Loader } from "../src/data/loader.ts";
import { openDataset } from "../src/data/registry.ts";
import { loadExperiment } from "../src/experiment/series/load.ts";
import type { FeatureNetworkSpec } from "../src/features/frozen_network.ts";
import { loadFrozenNetwork } from "../src/features/load_network.ts";
import { cacheDir } from "../src/files/cache_dir.ts";
import { featureLosses, sumOf } from "../src/models/losses/features.ts";
import { Rng } from "../src/rng.ts";
import { type Tensor4D, tf } from "../src/tf.ts";

/** Training images looked at, from all over the split. */
const IMAGES = 1000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { set: { type: "string", multiple: true, default: [] } },
});
const experiment = await loadExperiment(positionals[0]!, { set: values.set });
const { baseDir } = experiment;
await useBackend("auto");
const { config } = experiment.members[0]!;
const dataset = await openDataset(config.data_params, { baseDir, cacheDir: cacheDir("data"), seed: 0 });
const loader = new Loader(dataset.splits.train, {
  batchSize: 1,
  imageShape: dataset.imageShape,
  shuffle: false,
  dropLast: false,
  horizontalFlip: false,
  imageRange: "unit",
  prefetch: 0,
  rng: Rng.fromSeed(0),
});
const { images, shape } = await loader.spread(IMAGES);
const all = tf.tensor4d(images, [...shape]);
const mean = tf.mean(all, 0, true);
const meanOfBatches = (cost: (x: Tensor4D, y: Tensor4D) => number) => {
  let sum = 0;
  for (let at = 0; at < shape[0]; at += 50) {
    tf.tidy(() => {
      const x = tf.slice(all, [at, 0, 0, 0], [Math.min(50, shape[0] - at), -1, -1, -1]);
      sum += cost(x, tf.add(tf.zerosLike(x), mean)) * x.shape[0];
    });
  }
  return sum / shape[0];
};

let target = Number.NaN;
for (const { run, config } of experiment.members.filter((m) => m.seed === experiment.seeds[0])) {
  const { name, sigma, feature_network, feature_layers } = config.model_params;
  if (name === "VanillaVAE") {
    const pixels = dataset.imageShape.reduce((a, b) => a * b);
    const squares = meanOfBatches((x, y) => tf.mean(tf.squaredDifference(x, y)).dataSync()[0]! * pixels);
    target = squares / (2 * Number(sigma) ** 2);
    console.log(`${run}: the mean image costs ${target.toPrecision(5)} nats (sigma ${sigma})`);
  } else {
    const network = await loadFrozenNetwork(
      feature_network as FeatureNetworkSpec,
      feature_layers as string[] | undefined,
      { imageShape: dataset.imageShape, baseDir },
    );
    const cost = meanOfBatches(
      (x, y) => sumOf(featureLosses(network.constants(x), network.constants(y))).dataSync()[0]!,
    );
    console.log(
      `${run}: sum_l L_l = ${cost.toPrecision(4)} by ${network.name} ${network.layers.join(", ")}; beta ${(target / cost).toPrecision(4)}`,
    );
    network.dispose();
  }
}
await dataset.close();
