import { fileURLToPath } from "node:url";
import { Value } from "typebox/value";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { Convention } from "../../src/models/define.ts";
import DFCVAE from "../../src/models/dfcvae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { build } from "../support/models.ts";

const SIDE = 28;
const LAYERS = ["conv1_1", "relu1_1", "conv1_2"];
const PARAMS = { latent_dim: 4, hidden_dims: [4, 8], feature_layers: LAYERS, alpha: 2, beta: 3 };
const SHAPE = { imageShape: [SIDE, SIDE, 3] } as const;
const weightsFile = fileURLToPath(new URL("../../assets/tiny_vgg.safetensors", import.meta.url));
const { tensors } = readSafetensors(weightsFile);

/** Feature maps of one image, [side, side, C] each, in double precision. */
type Maps = Record<string, number[]>;

/** A 3x3 convolution that pads with zeros, by its definition; `layer` is torchvision's index. */
function conv(x: readonly number[], layer: number, side: number): number[] {
  const filter = tensors.get(`features.${layer}.weight`)!;
  const bias = tensors.get(`features.${layer}.bias`)!.data;
  const [outputs, inputs] = filter.shape as [number, number];
  const at = (y: number, c: number, i: number) =>
    y < 0 || c < 0 || y >= side || c >= side ? 0 : x[(y * side + c) * inputs + i]!;
  return Array.from({ length: side * side * outputs }, (_, place) => {
    const [o, column, row] = [
      place % outputs,
      Math.floor(place / outputs) % side,
      Math.floor(place / outputs / side),
    ];
    let sum = Number(bias[o]);
    for (let i = 0; i < inputs; i++)
      for (let ky = 0; ky < 3; ky++)
        for (let kx = 0; kx < 3; kx++)
          sum +=
            Number(filter.data[((o * inputs + i) * 3 + ky) * 3 + kx]) * at(row + ky - 1, column + kx - 1, i);
    return sum;
  });
}

/** tiny_vgg's first layers of each image in [0, 1], normalized as ImageNet's are. */
function maps(images: Tensor4D, side = SIDE): Maps[] {
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ] as const;
  return tf.unstack(images).map((image) => {
    const x = Array.from(image.dataSync(), (v, i) => (v - mean[i % 3]!) / std[i % 3]!);
    const conv1 = conv(x, 0, side);
    const relu1 = conv1.map((v) => Math.max(v, 0));
    return { conv1_1: conv1, relu1_1: relu1, conv1_2: conv(relu1, 2, side) };
  });
}

/** 1/(2 C H W) sum (phi(x) - phi(x'))^2 by layer, the mean over the images (arXiv 1610.00291, eq. 4). */
function layerLosses(images: Tensor4D, recons: Tensor4D, side = SIDE): Record<string, number> {
  const [a, b] = [maps(images, side), maps(recons, side)];
  const ofLayer = (layer: string) =>
    a.reduce((sum, of, n) => {
      const [x, y] = [of[layer]!, b[n]![layer]!];
      return sum + x.reduce((s, v, i) => s + (v - y[i]!) ** 2, 0) / (2 * x.length) / a.length;
    }, 0);
  return Object.fromEntries(LAYERS.map((layer) => [layer, ofLayer(layer)]));
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b);
/** To single precision, of maps that Winograd's way computes. */
const near = (value: number | undefined, expected: number) =>
  expect(Math.abs(value! / expected - 1), `${value}, expected ${expected}`).toBeLessThan(1e-4);

it("weighs the KL by alpha and the features by beta, the pixels only under pixel_mean", () => {
  const weights = (convention: Convention) => {
    const terms = DFCVAE.terms({ alpha: 2, beta: 3 } as never, convention);
    return Object.fromEntries(Object.entries(terms).map(([term, { weight }]) => [term, weight]));
  };
  expect(weights("elbo")).toEqual({ reconstruction: 0, features: 3, kl: 2 });
  expect(weights("pixel_mean")).toEqual({ reconstruction: 3, features: 3, kl: 2 });
});

it("refuses a crop that is larger than the images, or too small for a layer", () => {
  const check = (feature_crop: number) => {
    const params = Value.Default(DFCVAE.params, { feature_crop, feature_layers: ["relu4_1"] });
    const given = { convention: "elbo", natWeight: 1, imageRange: [0, 1], imageShape: [64, 64, 3] } as const;
    return () => DFCVAE.check!(params as never, given);
  };
  expect(check(64)).not.toThrow();
  expect(check(65)).toThrow(
    "model_params.feature_crop: expected at most 64, the side of the images, got 65. Lower it, or leave it out",
  );
  expect(check(7)).toThrow(
    'layer "relu4_1" of tiny_vgg needs images of at least 8x8, got 7x7; use larger images (model_params.feature_crop)',
  );
});

describe.each(trainingBackends)("on %s", (backend) => {
  const images = () => Rng.fromSeed(7).uniform<Tensor4D>([2, SIDE, SIDE, 3]);
  const ctx = () => newCtx({ training: false, rng: Rng.fromSeed(3) });

  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(["elbo", "pixel_mean"] as const)(
    "its loss under %s is the formula, of maps worked out by hand",
    async (convention) => {
      const vae = await build(DFCVAE, PARAMS, { ...SHAPE, convention });
      const { terms, scalars } = vae.phases[0]!.loss({ images: images() }, ctx(), {});
      const { z, posterior } = vae.encode(images(), ctx());
      const recons = vae.decode(z, ctx());
      const layers = layerLosses(images(), recons);
      for (const layer of LAYERS) near(scalars![`features_${layer}`]!.dataSync()[0], layers[layer]!);
      const features = sum(Object.values(layers));
      near(terms.features!.dataSync()[0], convention === "elbo" ? features : 2 * features);

      const { mean, logVar } = posterior.z as { mean: Tensor2D; logVar: Tensor2D };
      const [m, l] = [mean.dataSync(), logVar.dataSync()];
      near(terms.kl!.dataSync()[0], sum([...m].map((v, i) => (v * v + Math.exp(l[i]!) - 1 - l[i]!) / 2)) / 2);
      if (convention === "elbo") return; // there the pixels have no weight
      const [x, y] = [images().dataSync(), recons.dataSync()];
      near(terms.reconstruction!.dataSync()[0], sum([...x].map((v, i) => (v - y[i]!) ** 2)) / x.length);
    },
  );

  it("shows the network images in [0, 1], whatever their range", async () => {
    const signed = { ...SHAPE, imageRange: [-1, 1] } as const;
    const vae = await build(DFCVAE, { ...PARAMS, output: "tanh" }, signed);
    const found = vae.precompute!(tf.sub(tf.mul(images(), 2), 1)) as Record<string, Tensor4D>;
    const expected = maps(images());
    expect(Object.keys(found)).toEqual(LAYERS);
    for (const layer of LAYERS) {
      const values = found[layer]!.dataSync();
      const off = expected.flatMap((of) => of[layer]!).map((v, i) => Math.abs(v - values[i]!));
      expect(Math.max(...off), layer).toBeLessThan(1e-4);
    }
  });

  it("takes features of the target that were computed before, and none of the images then", async () => {
    const vae = await build(DFCVAE, PARAMS, SHAPE);
    const features = (batch: Parameters<(typeof vae.phases)[0]["loss"]>[0]) =>
      vae.phases[0]!.loss(batch, ctx(), {}).terms.features!.dataSync()[0];
    const precomputed = vae.precompute!(images());
    expect(features({ images: images(), precomputed })).toBe(features({ images: images() }));
    const others = vae.precompute!(tf.sub(1, images()));
    expect(features({ images: images(), precomputed: others })).not.toBe(features({ images: images() }));
  });

  describe("with feature_crop", () => {
    const SEEN = 12;
    const cropped = { ...PARAMS, feature_crop: SEEN };
    const training = (seed = 3) => newCtx({ training: true, rng: Rng.fromSeed(seed) });

    it("compares a square of each image with the same place of its reconstruction", async () => {
      const vae = await build(DFCVAE, cropped, { ...SHAPE, convention: "elbo" });
      const seen: number[][] = [];
      for (const seed of [3, 4]) {
        const { terms } = vae.phases[0]!.loss({ images: images() }, training(seed), {});
        const recons = vae.decode(vae.encode(images(), training(seed)).z, training(seed));
        const places = Rng.fromSeed(seed).fold("feature_crop").windowPlaces(2, [SIDE, SIDE], SEEN);
        const corners = [0, 1].map((n) => places[n * SEEN * SEEN]! - n * SIDE * SIDE);
        seen.push(corners);
        const cut = (x: Tensor4D) =>
          tf.concat(
            corners.map((at, n) => tf.slice(x, [n, Math.floor(at / SIDE), at % SIDE, 0], [1, SEEN, SEEN, 3])),
          ) as Tensor4D;
        const layers = layerLosses(cut(images()), cut(recons), SEEN);
        near(terms.features!.dataSync()[0], sum(Object.values(layers)));
      }
      expect(new Set(seen.flat()).size, `corners ${seen.join(" and ")}`).toBe(4);
    });

    it("compares whole images out of training", async () => {
      const ofLoss = async (params: object) =>
        (await build(DFCVAE, params as never, SHAPE)).phases[0]!.loss(
          { images: images() },
          ctx(),
          {},
        ).terms.features!.dataSync()[0];
      expect(await ofLoss(cropped)).toBe(await ofLoss(PARAMS));
    });

    it("keeps no features of whole images", async () => {
      expect((await build(DFCVAE, cropped, SHAPE)).precompute).toBeUndefined();
    });
  });

  it("owns no weight of the network", async () => {
    const { params } = await build(DFCVAE, PARAMS, SHAPE);
    expect([...params.keys()].filter((name) => /feature/.test(name))).toEqual([]);
  });
});
