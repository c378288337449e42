import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import DIPVAE from "../../src/models/dip_vae.ts";
import { covariance, covarianceOfDraws, identityGaps } from "../../src/models/losses/moments.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const value = (t: { dataSync(): ArrayLike<number> }) => t.dataSync()[0]!;
const gaps = (c: Tensor2D) => {
  const { diagonal, offDiagonal } = identityGaps(c);
  return [value(diagonal), value(offDiagonal)];
};
/** Corners of a cube: uncorrelated, of mean 0 and variance 1. */
const white = () =>
  tf.tensor2d(Array.from({ length: 8 }, (_, i) => [1, 2, 4].map((bit) => (i & bit ? 1 : -1))));

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("the penalty of a whitened batch is 0, wherever its middle is", () => {
    expect(gaps(covariance(white()))).toEqual([0, 0]);
    for (const gap of gaps(covariance(tf.add(white(), [3, -1, 0.5])))) expect(gap).toBeLessThan(1e-10);
  });

  it("is that of variances and of correlations, each by its own term", () => {
    expect(gaps(covariance(tf.mul(white(), [2, 1, 1])))).toEqual([9, 0]); // (4 - 1)^2
    const same = tf.slice(white(), [0, 0], [8, 1]);
    expect(gaps(covariance(tf.concat([same, same], 1)))).toEqual([0, 2]);
  });

  it("of II counts the posterior's variances: means and variances of 1/2 each make z white", () => {
    const halves = tf.fill([8, 3], Math.log(0.5)) as Tensor2D;
    for (const gap of gaps(covarianceOfDraws(tf.mul(white(), Math.SQRT1_2), halves)))
      expect(gap).toBeLessThan(1e-10);
  });

  it("the model's terms are those of its type, and pixel_mean's reconstruction the squared error per image", async () => {
    const images = Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);
    const of = async (dip_type: string) =>
      lossOf(await build(DIPVAE, { latent_dim: 3, hidden_dims: [4, 8], dip_type }), images, Rng.fromSeed(1));
    const [one, two] = [await of("i"), await of("ii")];
    expect(one.dip_offdiagonal).toBeCloseTo(two.dip_offdiagonal!, 6);
    expect(one.dip_diagonal).not.toBeCloseTo(two.dip_diagonal!, 2);
    expect(one.reconstruction! / one.mse!).toBeCloseTo(32 * 32 * 3, 1);
  });
});
