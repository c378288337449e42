import { expect, test } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { newRunState } from "../../../src/experiment/runs/run_state.ts";
import { onnxFiles } from "../../../src/experiment/trained/export_onnx.ts";
import { exploring } from "../../../src/explore/latents.ts";
import { defineModel, type ModelDefinition, onePhase } from "../../../src/models/define.ts";
import { getModel, modelNames } from "../../../src/models/registry.ts";
import type { VAE } from "../../../src/models/vae.ts";
import { OPSET } from "../../../src/onnx/graph.ts";
import { Rng } from "../../../src/rng.ts";
import { type Tensor, tf } from "../../../src/tf.ts";
import { allTests } from "../../support/all_tests.ts";
import { build, maxDifference } from "../../support/models.ts";
import { type OnnxTask, type OnnxTensor, runOnnx } from "../../support/onnx.ts";
import { images, labelsOf, type Params, small } from "../../support/variants.ts";

await useBackend("wasm");
const rng = Rng.fromSeed(3);

/** A model with weights of its own everywhere, biases and running statistics too. */
async function trained(model: ModelDefinition, params: Params, imageRange: readonly [number, number]) {
  const vae = await build(model, { ...small(model), ...params }, { imageRange });
  for (const [name, { value }] of vae.params)
    tf.tidy(() => {
      const own = rng.fold(name);
      const noise = value.shape.length > 1 ? own.normal(value.shape) : own.uniform(value.shape); // variances stay above 0
      value.assign(tf.add(value, tf.mul(0.1, noise)));
    });
  return vae;
}

const numbers = (t: Tensor): OnnxTensor => ({ shape: t.shape, data: Array.from(t.dataSync()) });
const first = (t: Tensor): Tensor => tf.transpose(t, [0, 3, 1, 2]);

/** The files of a model, and what they must give: of images in [0, 1] those that it reconstructs. */
async function exported(model: ModelDefinition, params: Params = {}, signed = false) {
  const imageRange = signed ? ([-1, 1] as const) : ([0, 1] as const);
  const vae: VAE = await trained(model, params, imageRange);
  const x = images();
  const labels = labelsOf(x);
  const given = signed ? tf.sub(tf.mul(x, 2), 1) : x;
  const ctx = exploring(rng, labels);
  const made = vae.reconstruct(given as typeof x, ctx);
  const expected = first(tf.clipByValue(signed ? tf.div(tf.add(made, 1), 2) : made, 0, 1)).dataSync();
  const run = { vae, model, imageShape: [32, 32, 3] as const, imageRange, state: newRunState() };
  const feed = { images: numbers(first(x)), ...(vae.labels && { labels: numbers(labels) }) };
  const tensors = tf.memory().numTensors;
  const task: OnnxTask = { files: onnxFiles(run), feed };
  expect(tf.memory().numTensors, "tensors that the export left").toBe(tensors);
  expect(tf.getBackend()).toBe("wasm");
  expect(maxDifference(vae.reconstruct(given as typeof x, ctx).dataSync(), made.dataSync())).toBe(0);
  return { task, expected };
}

test.runIf(allTests)(
  "encoder and decoder of every variant as ONNX reconstruct what the model does, in onnxruntime",
  async () => {
    const models = modelNames().map((name) => getModel(name)!);
    const gaussian = getModel("VanillaVAE")!;
    const all = [
      ...models.map((model) => [model.name, () => exported(model)] as const),
      ["images in [-1, 1]", () => exported(gaussian, { output: "tanh" }, true)] as const,
      ["up-sampling", () => exported(gaussian, { decoder: "upsample", encoder_kernel: 4 })] as const,
      ["an output below 0", () => exported(gaussian, { output: "linear" })] as const,
    ];
    const made: Awaited<ReturnType<typeof exported>>[] = [];
    for (const [, make] of all) made.push(await make());
    const found = runOnnx(made.map(({ task }) => task));
    all.forEach(([name], i) => {
      const { decoded, opset } = found[i]!;
      expect(decoded.images!.shape, name).toEqual([4, 3, 32, 32]);
      expect(maxDifference(decoded.images!.data, made[i]!.expected), name).toBeLessThan(1e-5);
      expect(opset).toBe(OPSET);
    });
  },
);

test("the encoder gives a posterior's parameters by the latent's name, and takes any number of images", async () => {
  const model = getModel("VanillaVAE")!;
  const vae = await trained(model, {}, [0, 1]);
  const files = onnxFiles({
    vae,
    model,
    imageShape: [32, 32, 3],
    imageRange: [0, 1],
    state: newRunState(),
  });
  const x = images();
  const three = tf.slice(x, [0, 0, 0, 0], [3, 32, 32, 3]);
  const [one, many] = runOnnx([
    { files, feed: { images: numbers(first(tf.slice(x, [0, 0, 0, 0], [1, 32, 32, 3]))) } },
    { files, feed: { images: numbers(first(three)) } },
  ]);
  const { posterior } = vae.encode(three, exploring(rng));
  if (posterior.z?.kind !== "gaussian") throw new Error("expected a Gaussian");
  expect(Object.keys(many!.encoded)).toEqual(["z", "z_log_var"]);
  expect(maxDifference(many!.encoded.z!.data, posterior.z.mean.dataSync())).toBeLessThan(1e-5);
  expect(maxDifference(many!.encoded.z_log_var!.data, posterior.z.logVar.dataSync())).toBeLessThan(1e-5);
  expect(one!.encoded.z!.shape).toEqual([1, 4]);
  expect(maxDifference(one!.encoded.z!.data, many!.encoded.z!.data.slice(0, 4))).toBeLessThan(1e-5);
});

test("a model that does what ONNX has no form of is refused with the reason", async () => {
  const refused = async (decode: VAE["decode"]) => {
    const vae: VAE = {
      params: new Map(),
      phases: onePhase(() => ({ terms: {} })),
      encode: (x) => {
        const value = tf.mean(x, [1, 2]);
        return { posterior: { z: { kind: "point", value } }, z: { z: value } };
      },
      decode,
      reconstruct: (x) => x,
    };
    const model = defineModel({ ...getModel("VanillaVAE")!, name: "Mine" });
    return () => onnxFiles({ vae, model, imageShape: [32, 32, 3], imageRange: [0, 1], state: newRunState() });
  };
  const pixels = (z: Tensor) => tf.tile(tf.reshape(z, [-1, 1, 1, 3]), [1, 32, 32, 1]) as never;
  expect(await refused(({ z }) => pixels(z!))).not.toThrow();
  expect(await refused(({ z }) => pixels(tf.sub(z!, tf.mean(z!, 0))))).not.toThrow();
  expect(await refused(({ z }) => pixels(tf.mul(z!, 1 / z!.shape[0]!)))).toThrow(
    /got Mine: it depends on how many images a batch has/,
  );
  expect(await refused(({ z }) => pixels(tf.mul(z!, z!.dataSync()[0]!)))).toThrow(
    /got Mine: it reads the values of a tensor while it computes/,
  );
  expect(await refused(({ z }) => pixels(tf.atan(z!)))).toThrow(/got Mine: it runs Atan, which has no form/);
});
