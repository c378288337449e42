import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { sharpness } from "../../src/metrics/sharpness.ts";
import { tf } from "../../src/tf.ts";

beforeAll(() => useBackend("cpu"));

it("is the variance of the Laplacian of the grey picture", () => {
  // One bright pixel of red in the middle of 5x5: the Laplacian on the inner 3x3 is -4 there, 1 at its four neighbours.
  const picture = tf.buffer([1, 5, 5, 3]);
  picture.set(1, 0, 2, 2, 0);
  const laplacian = [0, 1, 0, 1, -4, 1, 0, 1, 0].map((v) => 0.299 * v);
  const mean = laplacian.reduce((a, b) => a + b) / 9;
  const variance = laplacian.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 9;
  expect(sharpness(picture.toTensor() as never).dataSync()[0]).toBeCloseTo(variance, 6);
});

it("is 0 of an even ramp, which has no edge", () => {
  const ramp = tf.tensor4d(
    Array.from({ length: 64 }, (_, i) => (i % 8) / 8),
    [1, 8, 8, 1],
  );
  expect(sharpness(ramp).dataSync()[0]).toBeCloseTo(0, 10);
});
