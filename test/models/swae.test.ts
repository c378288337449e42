import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { slicedWasserstein } from "../../src/models/losses/sliced_wasserstein.ts";
import SWAE from "../../src/models/swae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const [N, D, S] = [17, 3, 11];
const points = () => Rng.fromSeed(5).normal<Tensor2D>([N, D]);
const directions = () => {
  const drawn = Rng.fromSeed(6).normal<Tensor2D>([S, D]);
  return tf.div<Tensor2D>(drawn, tf.norm(drawn, 2, 1, true));
};
const value = (t: { dataSync(): ArrayLike<number> }) => t.dataSync()[0]!;

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each([1, 1.5, 2, 3])("the distance of equal sets is 0 in any order, at p = %f", (p) => {
    const shuffled = tf.gather(points(), Rng.fromSeed(1).shuffle(N)) as Tensor2D;
    expect(value(slicedWasserstein(points(), shuffled, directions(), p))).toBeLessThan(1e-10);
    const gradient = tf.grad((x) => slicedWasserstein(x as Tensor2D, shuffled, directions(), p))(points());
    expect(gradient.dataSync().every((g) => Number.isFinite(g) && Math.abs(g) < 1)).toBe(true);
  });

  it("of a set that is moved it is the mean of the moves along the directions, squared", () => {
    const move = tf.tensor2d([[0.3, -1, 2]]);
    const moved = tf.add<Tensor2D>(points(), move);
    const along = tf.matMul(directions(), move, false, true);
    const found = value(slicedWasserstein(moved, points(), directions(), 2));
    expect(found).toBeCloseTo(value(tf.mean(tf.square(along))), 4);
  });

  it("points that are equal have ranks of their own: all of the other set have a partner", () => {
    const same = tf.zeros([N, 1]) as Tensor2D;
    const line = tf.tensor2d(
      Float32Array.from({ length: N }, (_, i) => i - 8),
      [N, 1],
    );
    const found = value(slicedWasserstein(same, line, tf.ones([1, 1]), 2));
    expect(found).toBeCloseTo((2 * (64 + 49 + 36 + 25 + 16 + 9 + 4 + 1)) / N, 4);
  });

  it.each(["normal", "cauchy"])("its directions have length 1: %s", async (projection_dist) => {
    // q(z) far from the prior at one place: the distance along a direction of length 1 is at most that of all
    const vae = await build(SWAE, {
      latent_dim: D,
      hidden_dims: [4, 8],
      projection_dist,
      num_projections: 64,
    });
    const bias = vae.params.get("fc_z.bias")!.value;
    bias.assign(tf.tensor1d([1000, 0, 0]));
    const images = Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);
    const { swd } = lossOf(vae, images, Rng.fromSeed(1));
    expect(swd).toBeGreaterThan(0.1 * 1e6);
    expect(swd).toBeLessThan(0.9 * 1e6);
  });
});
