import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { comparedLayers, loadPerceptual } from "../../src/metrics/perceptual.ts";
import { Rng } from "../../src/rng.ts";
import { tf } from "../../src/tf.ts";

beforeAll(() => useBackend("cpu"));

it("compares of vgg16 the layers that LPIPS compares", () => {
  expect(comparedLayers("vgg16")).toEqual(["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"]);
  expect(comparedLayers("squeezenet1_0")).toEqual(["relu1", "fire4", "fire8", "fire9"]);
});

it("is 0 of equal pictures, the same both ways, and grows with what is changed", async () => {
  const { of: distance, dispose } = await loadPerceptual("tiny_vgg", {
    imageShape: [16, 16, 3],
    baseDir: ".",
  });
  const values = (name: string) => Rng.fromSeed(3).fold(name).uniformArray(768);
  const x = tf.tensor4d(values("x"), [1, 16, 16, 3]);
  const noise = tf.tensor4d(values("noise"), [1, 16, 16, 3]);
  const mixed = (share: number) => tf.add<typeof x>(tf.mul(1 - share, x), tf.mul(share, noise));
  const to = (y: typeof x) => distance(x, y).dataSync()[0]!;
  expect(to(x)).toBe(0);
  expect(to(mixed(0.1))).toBeGreaterThan(0);
  expect(to(mixed(0.5))).toBeGreaterThan(to(mixed(0.1)));
  expect(distance(noise, x).dataSync()[0]).toBeCloseTo(to(noise), 5);
  dispose();
});
