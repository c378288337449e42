import { expect, it } from "vitest";
import { bitsPerDim, calibratedElbo } from "../../src/metrics/elbo.ts";

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
    return [bitsPerDim(calibratedElbo(mse, 0, 1), 1), exact.reduce((a, b) => a + b) / values.length] as const;
  };
  const levels = (...numbers: number[]) => numbers.map((k) => k * level);
  const [bound, exact] = bits(0.5, levels(90, 100, 118, 127, 128, 133, 150, 170));
  expect(bound).toBeGreaterThanOrEqual(exact - 1e-9);
  expect(bound - exact).toBeLessThan(1e-3);
  const [near, closer] = bits(100.2 * level, levels(100, 100, 101, 99, 100));
  expect(near).toBeGreaterThan(closer);
  expect(near - closer).toBeLessThan(0.1);
});
