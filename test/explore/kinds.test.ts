import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { attributeVector, strengthen } from "../../src/explore/attribute.ts";
import { densityImages } from "../../src/explore/density_images.ts";
import { dimensionsByActivity } from "../../src/explore/dimensions.ts";
import type { Images } from "../../src/explore/images.ts";
import { interpolations } from "../../src/explore/interpolate.ts";
import { encodeImages } from "../../src/explore/latents.ts";
import { logProbOf, redraw } from "../../src/explore/posteriors.ts";
import { traverse } from "../../src/explore/traverse.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { VAE } from "../../src/models/vae.ts";
import { Rng } from "../../src/rng.ts";
import type { LatentDensity } from "../../src/samplers/define.ts";
import { type Tensor, type Tensor4D, tf } from "../../src/tf.ts";

const rng = Rng.fromSeed(1);
beforeAll(() => useBackend("wasm"));

/**
 * A model of known values: z of one Gaussian and one point dimension and c of two variables of three values, by an image of
 * two pixels; decoding puts all of them into eight pixels, [B, 1, 8, 1].
 */
const MODEL = {
  params: new Map(),
  phases: [],
  encode(images: Tensor4D) {
    const pixels = tf.reshape(images, [-1, 2]);
    const first = tf.slice(pixels, [0, 0], [-1, 1]);
    // the more of the first pixel, the likelier the last value; of the second variable nothing is known
    const logits = tf.stack([tf.mul(first, [0, 0, 4]), tf.zeros([images.shape[0], 3])], 1);
    const point = tf.slice(pixels, [0, 1], [-1, 1]);
    const posterior = {
      z: { kind: "gaussian", mean: first, logVar: tf.fill(first.shape, -1) },
      p: { kind: "point", value: point },
      c: { kind: "categorical", logits },
    };
    const c = tf.tile(tf.tensor3d([1, 0, 0, 0, 1, 0], [1, 2, 3]), [images.shape[0], 1, 1]);
    return { posterior, z: { z: first, p: point, c } };
  },
  decode: ({ z, p, c }: Record<string, Tensor>) =>
    tf.reshape(tf.concat([z!, p!, tf.reshape(c!, [-1, 6])], 1), [-1, 1, 8, 1]),
} as unknown as VAE;
const pictures = (...pixels: number[]): Images => ({
  images: Float32Array.from(pixels),
  shape: [pixels.length / 2, 1, 2, 1],
});
const rows = ({ images }: Images) =>
  Array.from({ length: images.length / 8 }, (_, n) => [...images.subarray(8 * n, 8 * n + 8)]);

describe("latents of several kinds", () => {
  it("have means, probabilities for a categorical one, and places to decode, its mode", async () => {
    const latents = await encodeImages(MODEL, pictures(1, 0.5, -1, 0.25), rng);
    expect(latents.kinds).toEqual(["gaussian", "point", "categorical"]);
    expect(latents.layout.parts[2]).toEqual({ name: "c", shape: [2, 3], from: 2, size: 6, values: 3 });
    expect([...latents.place]).toEqual([1, 0.5, 0, 0, 1, 1, 0, 0, -1, 0.25, 1, 0, 0, 1, 0, 0]);
    expect([...latents.z.subarray(0, 8)]).toEqual([1, 0.5, 1, 0, 0, 0, 1, 0]);
    const [e, rest] = [Math.exp(4), Math.exp(4) + 2];
    for (const [k, p] of [1 / rest, 1 / rest, e / rest, 1 / 3, 1 / 3, 1 / 3].entries())
      expect(latents.mean[2 + k]).toBeCloseTo(p, 6);
    expect([...latents.logVar!.subarray(0, 8)]).toEqual([-1, ...Array(7).fill(Number.NaN)]);
  });

  it("are ordered by their KL, points after them with their deviation alone", async () => {
    const found = dimensionsByActivity(await encodeImages(MODEL, pictures(2, 1, 2, -1), rng))!;
    expect(found.map(({ name }) => name)).toEqual(["z 0", "c 0", "c 1", "p 0"]);
    expect(found.map(({ index, values }) => [index, values])).toEqual([
      [0, undefined],
      [2, 3],
      [5, 3],
      [1, undefined],
    ]);
    const p = [Math.exp(8), 1, 1].map((v) => v / (Math.exp(8) + 2));
    const kl = Math.log(3) + p.reduce((sum, v) => sum + v * Math.log(v), 0);
    expect(found[0]!.kl).toBeCloseTo((4 + Math.exp(-1)) / 2, 5);
    expect(found[1]!.kl).toBeCloseTo(kl, 5);
    expect(Math.abs(found[2]!.kl!)).toBeLessThan(1e-6);
    expect(found[3]).toMatchObject({ deviation: 1 });
    expect(found[3]).not.toHaveProperty("kl");
  });

  it("are traversed over their values: a categorical variable over all of its own, shorter rows ending in none", async () => {
    const latents = await encodeImages(MODEL, pictures(1, 0.5), rng);
    const dimensions = dimensionsByActivity(latents)!.filter(({ name }) => name !== "c 1");
    const made = rows(await traverse(MODEL, latents.layout, latents.place, dimensions, [-3, 3], rng));
    const byName = dimensions.map(({ name }, i) => [name, made.slice(3 * i, 3 * i + 3)]);
    const { "z 0": z, "c 0": c, "p 0": p } = Object.fromEntries(byName) as Record<string, number[][]>;
    const none = Array(8).fill(Number.NaN);
    expect(z).toEqual([[-3, 0.5, 0, 0, 1, 1, 0, 0], [3, 0.5, 0, 0, 1, 1, 0, 0], none]);
    expect(p).toEqual([[1, -3, 0, 0, 1, 1, 0, 0], [1, 3, 0, 0, 1, 1, 0, 0], none]);
    expect(c).toEqual([
      [1, 0.5, 1, 0, 0, 1, 0, 0],
      [1, 0.5, 0, 1, 0, 1, 0, 0],
      [1, 0.5, 0, 0, 1, 1, 0, 0],
    ]);
  });

  it("are interpolated: numbers along the path, a categorical variable straight from value to value", async () => {
    const pair = { ...pictures(1, 0, -1, 1), shape: [2, 1, 2, 1] as const };
    const wide = (images: Images): Images => {
      const [n, h] = images.shape;
      const out = new Float32Array(n * 8);
      for (let i = 0; i < n; i++) out.set(images.images.subarray(2 * i, 2 * i + 2), 8 * i);
      return { images: out, shape: [n, h, 8, 1] };
    };
    const narrow: VAE = {
      ...MODEL,
      encode: (x, ctx) => MODEL.encode(tf.slice(x, [0, 0, 0, 0], [-1, 1, 2, 1]), ctx),
    };
    for (const path of ["linear", "spherical"] as const) {
      const [, first, half, last] = rows(await interpolations(narrow, wide(pair), { steps: 3, path }, rng));
      expect(first).toEqual([1, 0, 0, 0, 1, 1, 0, 0]);
      for (const [i, v] of [-1, 1, 1, 0, 0, 1, 0, 0].entries()) expect(last![i]).toBeCloseTo(v, 5);
      for (const [i, v] of [0.5, 0, 0.5].entries()) expect(half![2 + i]).toBeCloseTo(v, 6);
      const length = Math.hypot(half![0]!, half![1]!);
      if (path === "linear") expect(length).toBeCloseTo(0.5, 6);
      else expect(length).toBeGreaterThan(1); // it goes around the origin
    }
  });

  it("take more of an attribute as probabilities: not below 0, of sum 1", async () => {
    const all = await encodeImages(MODEL, pictures(2, 0, -2, 0), rng);
    const labelled = { ...all, labels: Float32Array.of(1, 0), labelNames: ["bright"] };
    const { direction } = attributeVector(labelled, "bright");
    const images = { images: new Float32Array(8), shape: [1, 1, 8, 1] as const };
    const narrow: VAE = {
      ...MODEL,
      encode: (x, ctx) => MODEL.encode(tf.slice(x, [0, 0, 0, 0], [-1, 1, 2, 1]), ctx),
    };
    for (const row of rows(await strengthen(narrow, images, direction, [-5, 0.5, 5], rng)).slice(1))
      for (const from of [2, 5]) {
        const variable = row.slice(from, from + 3);
        expect(Math.min(...variable)).toBeGreaterThanOrEqual(0);
        expect(variable.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      }
  });

  it("that a density draws are decoded as values: of a variable the one with the highest score", async () => {
    const { layout } = await encodeImages(MODEL, pictures(1, 0.5), rng);
    const density = {
      sample: () => tf.tensor2d([[0.7, -0.2, -3, -1, -2, 5, 4, 6]]),
    } as unknown as LatentDensity;
    const images = densityImages(MODEL, layout, density)(1, newCtx({ training: false, rng }));
    const expected = [0.7, -0.2, 0, 1, 0, 0, 0, 1].map(Math.fround);
    expect([...images.dataSync()]).toEqual(expected);
  });
});

it("another draw of a categorical posterior has the share of its value, and the prior's is uniform", () => {
  const logits = tf.tensor3d([Math.log(3), 0, 0, 2, 1, 0], [1, 2, 3]);
  const q = { kind: "categorical", logits } as const;
  const { z, logQ, ratio } = redraw(q, rng);
  const place = [...z.dataSync()].flatMap((v, i) => (v === 1 ? [i] : []));
  const shares = [3 / 5, 1 / 5, 1 / 5, ...[2, 1, 0].map((v) => Math.exp(v) / (Math.exp(2) + Math.E + 1))];
  const expected = place.reduce((sum, i) => sum + Math.log(shares[i]!), 0);
  expect(place).toHaveLength(2);
  expect(logQ().dataSync()[0]).toBeCloseTo(expected, 5);
  expect(logProbOf(q, z).dataSync()[0]).toBeCloseTo(expected, 5);
  expect(ratio().dataSync()[0]).toBeCloseTo(-2 * Math.log(3) - expected, 5);
});
