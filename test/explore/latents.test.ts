import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { UserError } from "../../src/errors.ts";
import { dimensionsByActivity } from "../../src/explore/dimensions.ts";
import { beside, type Images, inBatches } from "../../src/explore/images.ts";
import { decodeVectors, encodeAll, encodeImages } from "../../src/explore/latents.ts";
import { reconstruct, sample } from "../../src/explore/pictures.ts";
import { columnsOf, traverse } from "../../src/explore/traverse.ts";
import { getModel, modelNames } from "../../src/models/registry.ts";
import type { Ctx, VAE } from "../../src/models/vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, type Tensor4D, tf } from "../../src/tf.ts";
import { build, labelValues, maxDifference } from "../support/models.ts";
import { small } from "../support/variants.ts";

const rng = Rng.fromSeed(1);
const SMALL = { latent_dim: 4, hidden_dims: [4, 8, 8] };
const pictures = (count: number, side = 32): Images => ({
  images: Rng.fromSeed(2).uniformArray(count * side * side * 3),
  shape: [count, side, side, 3],
  labels: labelValues(count),
});

beforeAll(() => useBackend("wasm"));

/** A hierarchical model of known values: z2 the channels' means, z1 four pixels; decoding puts them back. */
function hierarchy(kind: "gaussian" | "codes"): VAE {
  const encode = (images: Tensor4D) => {
    const z2 = tf.mean(images, [1, 2]); // [B, 3]
    const z1 = tf.slice(images, [0, 0, 0, 0], [-1, 2, 2, 1]); // [B, 2, 2, 1]
    const posterior = (mean: Tensor, logVar: number) =>
      kind === "gaussian"
        ? ({ kind, mean, logVar: tf.fill(mean.shape, logVar) } as const)
        : ({ kind, indices: mean } as const);
    return { posterior: { z2: posterior(z2, 0), z1: posterior(z1, -1) }, z: { z2, z1 } };
  };
  return {
    params: new Map(),
    phases: [],
    encode,
    decode: ({ z2, z1 }: { z2: Tensor; z1: Tensor }) =>
      tf.concat([tf.tile(z1, [1, 1, 1, 2]), colours(z2)], 3),
    reconstruct: (images: Tensor4D) => images,
  } as unknown as VAE;
}
const colours = (z2: Tensor) => tf.tile(tf.reshape(z2, [-1, 1, 1, 3]), [1, 2, 2, 1]);

describe.each(modelNames())("%s, through the model interface alone", (name) => {
  it("encodes in batches, decodes, reconstructs and samples, and leaves no tensor", async () => {
    const vae = await build(getModel(name)!, small(getModel(name)!));
    const images = pictures(5);
    const { labels } = images;
    const before = tf.memory().numTensors;
    const latents = await encodeAll(vae, inBatches(images, 2), rng);
    expect(latents.count).toBe(5);
    expect(latents.mean.length).toBe(5 * latents.layout.size);
    const whole = await encodeImages(vae, images, rng);
    expect(maxDifference(latents.mean, whole.mean)).toBeLessThan(1e-5);
    const decoded = await decodeVectors(vae, latents.layout, latents.place, { rng, labels, batchSize: 3 });
    expect(decoded.shape).toEqual(images.shape);
    const recons = await reconstruct(vae, images, rng);
    expect(recons.shape).toEqual(images.shape);
    expect(maxDifference(decoded.images, recons.images), "what its places decode to").toBeLessThan(1e-5);
    const dimensions = dimensionsByActivity(latents)?.slice(0, 4) ?? [];
    const start = latents.place.subarray(0, latents.layout.size);
    if (dimensions.length > 0)
      expect(
        (await traverse(vae, latents.layout, start, dimensions, [-3, 3], rng, labels?.slice(0, 3))).shape[0],
      ).toBe(dimensions.length * columnsOf(dimensions, [-3, 3]));
    if (vae.sample) expect((await sample(vae, 70, rng)).shape).toEqual([70, 32, 32, 3]);
    expect(tf.memory().numTensors).toBe(before);
    vae.dispose?.();
  });
});

describe.each(["VanillaVAE", "DFCVAE"])("%s", (name) => {
  it("samples at a temperature: 1 is the prior itself, 0 the same image always", async () => {
    const vae = await build(getModel(name)!, SMALL);
    expect(await sample(vae, 3, rng, { temperature: 1 })).toEqual(await sample(vae, 3, rng));
    const cold = (await sample(vae, 2, rng, { temperature: 0 })).images;
    expect(cold.subarray(0, cold.length / 2)).toEqual(cold.subarray(cold.length / 2));
    const origin = new Float32Array(4);
    const { layout } = await encodeImages(vae, pictures(1), rng);
    expect(
      maxDifference(
        (await decodeVectors(vae, layout, origin, { rng })).images,
        cold.subarray(0, 32 * 32 * 3),
      ),
    ).toBe(0);
    vae.dispose?.();
  });
});

describe("latents", () => {
  it("of several tensors lie in one vector, and are decoded as the model has them", async () => {
    const vae = hierarchy("gaussian");
    const latents = await encodeImages(vae, pictures(3, 8), rng);
    expect(latents.layout).toEqual({
      parts: [
        { name: "z2", shape: [3], from: 0, size: 3 },
        { name: "z1", shape: [2, 2, 1], from: 3, size: 4 },
      ],
      size: 7,
    });
    const { images, shape } = await decodeVectors(vae, latents.layout, latents.mean, { rng, batchSize: 2 });
    expect(shape).toEqual([3, 2, 2, 5]);
    for (let n = 0; n < 3; n++) {
      const first = n * 2 * 2 * 5;
      expect(images[first]).toBe(latents.mean[n * 7 + 3]);
      expect([...images.subarray(first + 2, first + 5)]).toEqual([
        ...latents.mean.subarray(n * 7, n * 7 + 3),
      ]);
    }
  });

  it("have a KL a dimension, the mean over the images, the highest first", async () => {
    const latents = await encodeImages(hierarchy("gaussian"), pictures(3, 8), rng);
    const found = dimensionsByActivity(latents)!;
    expect(found).toHaveLength(7);
    for (const { index, name, kl } of found) {
      const logVar = index < 3 ? 0 : -1;
      const of = [0, 1, 2].map((n) => latents.mean[n * 7 + index]! ** 2 + Math.exp(logVar) - 1 - logVar);
      expect(kl).toBeCloseTo(of.reduce((a, b) => a + b) / 3 / 2, 6);
      expect(name).toBe(index < 3 ? `z2 ${index}` : `z1 ${index - 3}`);
    }
    expect(found.map(({ kl }) => kl!)).toEqual(found.map(({ kl }) => kl!).sort((a, b) => b - a));
  });

  it("below others have their mean given the others' means, and their KL given the draws", async () => {
    // z1's posterior lies where z2 was drawn, whatever the image.
    const encode = (images: Tensor4D, ctx: Ctx) => {
      const shape = [images.shape[0], 3];
      const z2 = tf.add(2, ctx.rng.normal(shape));
      const posterior = (mean: Tensor) => ({ kind: "gaussian", mean, logVar: tf.zeros(shape) }) as const;
      return { posterior: { z2: posterior(tf.fill(shape, 2)), z1: posterior(z2) }, z: { z2, z1: z2 } };
    };
    const vae = { encode } as unknown as VAE;
    const latents = await encodeImages(vae, pictures(4, 8), rng);
    expect([...latents.mean]).toEqual(Array(4 * 6).fill(2));
    const found = dimensionsByActivity(latents)!;
    for (const { index, name, kl } of found) {
      const of = [0, 1, 2, 3].map((n) => latents.z[n * 6 + index]! ** 2 / 2);
      if (name.startsWith("z1")) expect(kl).toBeCloseTo(of.reduce((a, b) => a + b) / 4, 5);
      else expect(kl).toBeCloseTo(2, 5);
    }
  });

  it("of codes are those that encode gives, without variances", async () => {
    const latents = await encodeImages(hierarchy("codes"), pictures(2, 8), rng);
    expect(latents.logVar).toBeUndefined();
    expect(latents.mean).toEqual(latents.z);
    expect(dimensionsByActivity(latents)).toBeUndefined();
  });

  it("reach a conditional model with the labels of their images", async () => {
    const seen: number[][] = [];
    const vae = hierarchy("gaussian");
    const noting: VAE = {
      ...vae,
      encode: (images, ctx: Ctx) => {
        seen.push([...(ctx.labels?.dataSync() ?? [])]);
        return vae.encode(images, ctx);
      },
    };
    await encodeImages(noting, { ...pictures(2, 8), labels: Float32Array.of(1, 2, 3, 4) }, rng);
    expect(seen.length).toBeGreaterThan(0);
    for (const labels of seen) expect(labels).toEqual([1, 2, 3, 4]);
  });
});

it("a temperature is refused where the prior draws no normal noise, and samples where there is no prior", async () => {
  const flat: VAE = {
    ...hierarchy("codes"),
    sample: (count, ctx) => ctx.rng.uniform<Tensor4D>([count, 2, 2, 1]),
  };
  expect((await sample(flat, 2, rng)).shape).toEqual([2, 2, 2, 1]);
  await expect(sample(flat, 2, rng, { temperature: 0.5 })).rejects.toThrow(UserError);
  await expect(sample(hierarchy("codes"), 2, rng)).rejects.toThrow(/no prior/);
});

it("images stand beside each other, row by row", () => {
  const left: Images = { images: Float32Array.of(1, 2, 3, 4), shape: [1, 2, 2, 1] };
  const right: Images = { images: Float32Array.of(5, 6, 7, 8), shape: [1, 2, 2, 1] };
  expect(beside(left, right)).toEqual({
    images: Float32Array.of(1, 2, 5, 6, 3, 4, 7, 8),
    shape: [1, 2, 4, 1],
  });
});
