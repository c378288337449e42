import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { bitsPerDim, calibratedElbo } from "../../src/metrics/elbo.ts";
import { featureLosses } from "../../src/models/losses/features.ts";
import { klOfNumbers, klPerDimension, klToUnitGaussian } from "../../src/models/losses/kl.ts";
import { logSumExp, logSumExpOfColumns } from "../../src/models/losses/log_sum_exp.ts";
import {
  bernoulliNegLogLikelihood,
  gaussianNegLogLikelihood,
  optimalSigmaNegLogLikelihood,
} from "../../src/models/losses/reconstruction.ts";
import { tf } from "../../src/tf.ts";

const value = (t: { dataSync(): ArrayLike<number> }) => t.dataSync()[0]!;

describe("loss values worked out by hand", () => {
  beforeAll(async () => {
    await useBackend("cpu");
  });

  it("KL is 0 at the prior and 1/2 sum (mean^2 + var - 1 - log var) elsewhere, mean over the batch", () => {
    expect(value(klToUnitGaussian(tf.zeros([2, 3]), tf.zeros([2, 3])))).toBe(0);
    // two images: (1 + 4)/2 and 2 (e - 2)/2, their mean
    const kl = klToUnitGaussian(
      tf.tensor2d([
        [1, 2],
        [0, 0],
      ]),
      tf.tensor2d([
        [0, 0],
        [1, 1],
      ]),
    );
    expect(value(kl)).toBeCloseTo((2.5 + (Math.E - 2)) / 2, 5);
  });

  it("of numbers KL and log-sum-exp are those of tensors", () => {
    const [mean, logVar] = [Float32Array.of(0, 1, -2, 30), Float32Array.of(0, -3, 2, -20)];
    const kl = klPerDimension(tf.tensor1d(mean), tf.tensor1d(logVar)).dataSync();
    for (const [i, expected] of kl.entries())
      expect(klOfNumbers(mean[i]!, logVar[i]!)).toBeCloseTo(expected, 4);
    const x = [-900, -901, -905.5];
    expect(value(logSumExpOfColumns(tf.tensor2d(x, [3, 1])))).toBeCloseTo(logSumExp(x), 3);
    expect(logSumExp([Math.log(2), Math.log(3)])).toBeCloseTo(Math.log(5), 12);
  });

  it("the Gaussian likelihood counts its constants, per image", () => {
    const x = tf.tensor2d([
      [0, 1],
      [1, 0],
    ]);
    const nll = gaussianNegLogLikelihood(x, tf.zerosLike(x), 0.5);
    expect(value(nll)).toBeCloseTo(1 / (2 * 0.25) + 2 * Math.log(0.5 * Math.sqrt(2 * Math.PI)), 5);
  });

  it("the optimal sigma is the one that no other sigma beats", () => {
    const x = tf.tensor2d([
      [0.1, 0.9, 0.3],
      [0.4, 0.2, 0.8],
    ]);
    const mean = tf.fill([2, 3], 0.5);
    const best = value(optimalSigmaNegLogLikelihood(x, mean));
    const others = [0.1, 0.2, 0.25, 0.28, 0.3, 0.4, 1].map((s) =>
      value(gaussianNegLogLikelihood(x, mean, s)),
    );
    expect(Math.min(...others)).toBeGreaterThanOrEqual(best - 1e-4);
    expect(Math.min(...others) - best).toBeLessThan(0.05);
  });

  it("the Bernoulli likelihood equals -sum x log p + (1 - x) log(1 - p), and is finite for huge logits", () => {
    const nll = bernoulliNegLogLikelihood(tf.tensor2d([[1, 0.25]]), tf.tensor2d([[2, -1]]));
    const p = (l: number) => 1 / (1 + Math.exp(-l));
    const expected = -(Math.log(p(2)) + 0.25 * Math.log(p(-1)) + 0.75 * Math.log(1 - p(-1)));
    expect(value(nll)).toBeCloseTo(expected, 5);
    expect(value(bernoulliNegLogLikelihood(tf.tensor2d([[1]]), tf.tensor2d([[-500]])))).toBeCloseTo(500, 2);
  });

  it("a feature loss is 1/(2 C H W) sum (phi - phi')^2, mean over the batch (eq. 4)", () => {
    const losses = featureLosses({ relu1_1: tf.zeros([2, 2, 2, 3]) }, { relu1_1: tf.fill([2, 2, 2, 3], 3) });
    expect(value(losses.relu1_1!)).toBeCloseTo((12 * 9) / (2 * 12), 5);
  });

  it("bits per dimension of 256 levels that are equally likely are 8", () => {
    // dequantized they are uniform from -1/510 to 1 + 1/510: a density of 255/256
    expect(bitsPerDim(100 * Math.log(255 / 256), 100)).toBeCloseTo(8, 12);
    expect(bitsPerDim(0, 100)).toBeCloseTo(7.9943534, 6); // log2 255
  });

  it("the calibrated ELBO's sigma is that of the values with a level of uniform noise", () => {
    const variance = 0.01 + 1 / (12 * 255 * 255);
    expect(calibratedElbo(0.01, 5, 10)).toBeCloseTo(-(5 * (Math.log(2 * Math.PI * variance) + 1) + 5), 9);
    // a perfect copy costs what the noise does: 1/2 log2(2 pi e / 12) bits, a quarter of one, a value
    const bits = bitsPerDim(calibratedElbo(0, 0, 1), 1);
    expect(bits).toBeCloseTo(0.5 * Math.log2((2 * Math.PI * Math.E) / 12), 9);
    expect(bits).toBeCloseTo(0.2546, 4);
  });

  it("bits per dimension are at least those of the levels' own probabilities, and near where they are many", () => {
    const level = 1 / 255;
    /** The standard normal distribution function, by Simpson's rule. */
    const within = (from: number, to: number) => {
      const f = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
      const [n, h] = [200, (to - from) / 200];
      let sum = f(from) + f(to);
      for (let i = 1; i < n; i++) sum += (i % 2 === 1 ? 4 : 2) * f(from + i * h);
      return (sum * h) / 3;
    };
    const bits = (recons: number, values: readonly number[]) => {
      const squares = values.map((v) => (v - recons) ** 2);
      const mse = squares.reduce((a, b) => a + b) / values.length;
      const sigma = Math.sqrt(mse + level ** 2 / 12);
      const exact = values.map(
        (v) => -Math.log2(within((v - level / 2 - recons) / sigma, (v + level / 2 - recons) / sigma)),
      );
      return [
        bitsPerDim(calibratedElbo(mse, 0, 1), 1),
        exact.reduce((a, b) => a + b) / values.length,
      ] as const;
    };
    const levels = (...numbers: number[]) => numbers.map((k) => k * level);
    const [bound, exact] = bits(0.5, levels(90, 100, 118, 127, 128, 133, 150, 170));
    expect(bound).toBeGreaterThanOrEqual(exact - 1e-9);
    expect(bound - exact).toBeLessThan(1e-3);
    const [near, closer] = bits(100.2 * level, levels(100, 100, 101, 99, 100));
    expect(near).toBeGreaterThan(closer);
    expect(near - closer).toBeLessThan(0.1);
  });
});
