/**
 * Trains the embedded feature network, tiny_vgg, on CIFAR-10 classification and writes assets/tiny_vgg.safetensors.
 *
 *   npm run train:tiny_vgg -- --data FOLDER [--work FOLDER]
 *
 * FOLDER holds CIFAR-10 as JPEG files, train/CLASS/NNNN.jpg and test/CLASS/NNNN.jpg, or train_jpg.tar and
 * test_jpg.tar of them. Recipe: SGD with Nesterov momentum 0.9, batches of 128, weight decay 5e-4 on
 * convolutions and head, label smoothing 0.1, mirroring and shifts of up to 4 pixels; the learning rate goes
 * through two cycles, ten epochs linearly up to 0.1 and down to 0, then five from 0.05 down to 0. An epoch ends
 * with a checkpoint in the work folder; the same command goes on from there.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { useBackend } from "../src/backends/use_backend.ts";
import { readSafetensors, type TensorToStore, writeSafetensors } from "../src/formats/safetensors.ts";
import { Rng } from "../src/rng.ts";
import { type Scalar, type Tensor, tf, type Variable } from "../src/tf.ts";
import { imageBatch } from "./tiny_vgg/augment.ts";
import { type LabelledImages, readCifar10Jpeg } from "./tiny_vgg/cifar10_jpeg.ts";
import { type Classifier, createClassifier, logits } from "./tiny_vgg/classifier.ts";
import { exportFolded } from "./tiny_vgg/export.ts";

const BATCH = 128;
const MOMENTUM = 0.9;
const WEIGHT_DECAY = 5e-4;
/** Learning rate: linearly from 0 to the peak over the share `warmup` of each cycle, then linearly to 0. */
const CYCLES = [
  { epochs: 10, peak: 0.1, warmup: 0.2 },
  { epochs: 5, peak: 0.05, warmup: 0 },
] as const;
const SMOOTHING = 0.1;

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: args } = parseArgs({
  options: {
    data: { type: "string" },
    seed: { type: "string", default: "1265" },
    work: { type: "string", default: path.join(os.tmpdir(), "tiny_vgg") },
    out: { type: "string", default: path.join(root, "assets/tiny_vgg.safetensors") },
    every: { type: "string", default: "1" }, // take every n-th training image, to try the script out
  },
});
const { data } = args;
if (data === undefined) throw new Error("expected --data FOLDER, the folder of CIFAR-10's images");
const epochs = CYCLES.reduce((sum, cycle) => sum + cycle.epochs, 0);
const seed = Number(args.seed);

await useBackend("tensorflow");
mkdirSync(args.work, { recursive: true });
const all = await readCifar10Jpeg(data, "train", Number(args.every));
const test = await readCifar10Jpeg(data, "test");
console.log(`${all.labels.length} training and ${test.labels.length} test images`);
const trainCount = all.labels.length;
const stepsPerEpoch = Math.floor(trainCount / BATCH);

const rng = Rng.fromSeed(seed);
const net = createClassifier(rng.fold("init"));
const velocity = new Map([...net.params].map(([name, p]) => [name, tf.variable(tf.zerosLike(p))]));
const groups = { param: net.params, statistic: net.statistics, velocity };
const checkpoint = path.join(args.work, `last_seed${seed}_images${trainCount}.safetensors`);

let accuracy = 0;
for (let epoch = existsSync(checkpoint) ? restore() : 0; epoch < epochs; epoch++) {
  const started = performance.now();
  const stream = rng.fold("epoch").fold(epoch);
  const order = stream.fold("order").permutation(trainCount);
  let sum = 0;
  for (let i = 0; i < stepsPerEpoch; i++) {
    const indices = order.subarray(i * BATCH, (i + 1) * BATCH);
    const loss = trainStep(indices, stream.fold(i), learningRate(epoch + i / stepsPerEpoch));
    sum += loss;
    if (i % 50 === 49) console.log(`epoch ${epoch + 1} step ${i + 1} loss ${loss.toFixed(4)}`);
  }
  const trained = (performance.now() - started) / 1000;
  accuracy = evaluate(net, test);
  save(epoch + 1);
  console.log(
    `epoch ${epoch + 1}/${epochs} loss ${(sum / stepsPerEpoch).toFixed(4)} test accuracy ${percent(accuracy)} ` +
      `(${trained.toFixed(0)} s, ${tf.memory().numTensors} tensors)`,
  );
}
accuracy = evaluate(net, test);

const { bytes, accuracy: folded } = await exportFolded(
  net,
  test,
  {
    network: "tiny_vgg",
    data: "CIFAR-10, 50,000 training images, as JPEG files",
    recipe:
      `SGD, Nesterov momentum ${MOMENTUM}, batch ${BATCH}, learning rate ` +
      `${CYCLES.map((c) => `up to ${c.peak} and down to 0 in ${c.epochs} epochs`).join(", then ")}, weight ` +
      `decay ${WEIGHT_DECAY}, label smoothing ${SMOOTHING}, mirroring and shifts of up to 4 pixels`,
    epochs: String(epochs),
    seed: String(seed),
    normalize: "imagenet",
    licence: "Apache-2.0; trained by the tfjs-vae project",
  },
  args.work,
);
mkdirSync(path.dirname(args.out), { recursive: true });
writeAtomically(args.out, bytes);
console.log(
  `test accuracy ${percent(accuracy)}; folded and in float16 ${percent(folded)}; ${bytes.length} bytes in ${args.out}`,
);

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** The rate after `epoch` epochs, fractions included. */
function learningRate(epoch: number): number {
  let start = 0;
  for (const { epochs: length, peak, warmup } of CYCLES) {
    const done = (epoch - start) / length;
    if (done < 1) return peak * (done < warmup ? done / warmup : (1 - done) / (1 - warmup));
    start += length;
  }
  return 0;
}

/** The loss before the step, in nats. */
function trainStep(indices: Int32Array, stream: Rng, lr: number): number {
  return tf.tidy(() => {
    const images = imageBatch(all, indices, stream);
    const labels = tf.tensor1d(
      Int32Array.from(indices, (i) => all.labels[i]!),
      "int32",
    );
    const oneHot = tf.oneHot(labels, 10);
    const updates = new Map<string, Tensor>();
    const { value, grads } = tf.variableGrads(() => {
      updates.clear();
      const out = logits(net, images, updates);
      return tf.losses.softmaxCrossEntropy(oneHot, out, undefined, SMOOTHING) as Scalar;
    }, [...net.params.values()]);
    for (const [name, variable] of net.params) {
      let gradient = grads[variable.name]!;
      if (name.endsWith(".weight")) gradient = tf.add(gradient, tf.mul(variable, WEIGHT_DECAY));
      const v = velocity.get(name)!;
      v.assign(tf.add(tf.mul(v, MOMENTUM), gradient));
      variable.assign(tf.sub(variable, tf.mul(tf.add(gradient, tf.mul(v, MOMENTUM)), lr)));
    }
    for (const [name, next] of updates) {
      net.statistics.get(name)!.assign(next);
      next.dispose();
    }
    return value.dataSync()[0]!;
  });
}

/** Share of `set` that the network classifies rightly, in evaluation mode. */
function evaluate(classifier: Classifier, set: LabelledImages): number {
  let right = 0;
  for (let from = 0; from < set.labels.length; from += 500) {
    const indices = Array.from({ length: Math.min(500, set.labels.length - from) }, (_, i) => from + i);
    const guesses = tf.tidy(() =>
      tf.argMax(logits(classifier, imageBatch(set, indices, null), null), 1).dataSync(),
    );
    right += indices.filter((i, k) => guesses[k] === set.labels[i]).length;
  }
  return right / set.labels.length;
}

function save(epochsDone: number): void {
  const tensors: [string, TensorToStore][] = [];
  for (const [group, map] of Object.entries(groups))
    for (const [name, v] of map)
      tensors.push([`${group}/${name}`, { shape: v.shape, data: v.dataSync() as Float32Array }]);
  writeAtomically(checkpoint, writeSafetensors(tensors, { epochs_done: String(epochsDone) }));
}

/** Epochs done, after the state was read back. */
function restore(): number {
  const { tensors, metadata } = readSafetensors(checkpoint);
  for (const [group, map] of Object.entries(groups) as [string, Map<string, Variable>][])
    for (const [name, v] of map)
      tf.tidy(() => v.assign(tf.tensor(tensors.get(`${group}/${name}`)!.data as Float32Array, v.shape)));
  console.log(`going on after epoch ${metadata.epochs_done} of ${checkpoint}`);
  return Number(metadata.epochs_done);
}

function writeAtomically(file: string, bytes: Uint8Array): void {
  writeFileSync(`${file}.tmp`, bytes);
  renameSync(`${file}.tmp`, file);
}
