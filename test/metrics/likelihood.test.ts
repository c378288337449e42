import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { bernoulli, gaussian } from "../../src/metrics/likelihood.ts";
import { gaussianNegLogLikelihood } from "../../src/models/losses/reconstruction.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { formula } from "../support/formula.ts";

beforeAll(async () => void (await useBackend("cpu")));

it("likelihoods are the losses' own, of each image", () => {
  const [x, y] = [40, 41].map((t) => tf.tensor(Float32Array.from(formula(48, t)), [2, 4, 2, 3]) as Tensor4D);
  const mean = tf.mean(gaussian(0.2, "").logDensity(x!, y!)).dataSync()[0]!;
  expect(mean).toBeCloseTo(-gaussianNegLogLikelihood(x!, y!, 0.2).dataSync()[0]!, 3);
  // where sigma is about a level, half a level of noise counts: 24 values of (1/255)^2 / 12 / (2 sigma^2)
  const narrow = tf.mean(gaussian(1 / 255, "").logDensity(x!, x!)).dataSync()[0]!;
  expect(narrow + gaussianNegLogLikelihood(x!, x!, 1 / 255).dataSync()[0]!).toBeCloseTo(-24 / 24, 3);
  const [one, p] = [x!.dataSync(), y!.dataSync()].map((v) => Array.from(v)) as [number[], number[]];
  const expected = one.reduce((sum, v, i) => sum + v * Math.log(p[i]!) + (1 - v) * Math.log(1 - p[i]!), 0);
  expect(tf.sum(bernoulli.logDensity(x!, y!)).dataSync()[0]).toBeCloseTo(expected, 3);
});
