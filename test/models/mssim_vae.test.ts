import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { multiScaleSsim, scalesOf } from "../../src/models/losses/ssim.ts";
import MSSIMVAE from "../../src/models/mssim_vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const SMALL = { latent_dim: 3, hidden_dims: [4, 8] };
const images = () => Rng.fromSeed(7).uniform<Tensor4D>([2, 44, 44, 3]);

it("takes as many of the five scales as the window fits into", () => {
  expect([10, 11, 28, 32, 64, 128, 176, 256].map((side) => scalesOf(side, side))).toEqual([
    0, 1, 2, 2, 3, 4, 5, 5,
  ]);
  expect(scalesOf(64, 64, 3)).toBe(5);
});

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("equal images have 1, others less", () => {
    for (const v of multiScaleSsim(images(), images()).dataSync()) expect(v).toBeCloseTo(1, 5);
    const near = tf.add<Tensor4D>(images(), tf.mul(0.05, Rng.fromSeed(8).normal([2, 44, 44, 3])));
    for (const v of multiScaleSsim(images(), near).dataSync()) expect(v).toBeLessThan(0.995);
  });

  it("is finite, with its gradient, where contrasts are opposed and where images are flat", () => {
    const flat = tf.fill([2, 44, 44, 3], 0.5) as Tensor4D;
    for (const other of [tf.sub<Tensor4D>(1, images()), flat]) {
      const at = (y: Tensor4D) => tf.sum(multiScaleSsim(images(), y));
      expect(Number.isFinite(at(other).dataSync()[0])).toBe(true);
      expect(
        tf
          .grad((y) => at(y as Tensor4D))(other)
          .dataSync()
          .every(Number.isFinite),
      ).toBe(true);
    }
  });
});

it("compares signed images as it does the same in [0, 1]", async () => {
  await useBackend("wasm");
  const [x, rng] = [Rng.fromSeed(7).uniform<Tensor4D>([2, 32, 32, 3]), Rng.fromSeed(1)];
  const unit = await build(MSSIMVAE, { ...SMALL, output: "linear" });
  const signed = await build(MSSIMVAE, { ...SMALL, output: "linear" }, { imageRange: [-1, 1] });
  const [a, b] = [lossOf(unit, x, rng), lossOf(signed, x, rng)];
  expect(a.ms_ssim).not.toBe(b.ms_ssim);
  expect(a.kl).toBe(b.kl);
});

it("refuses a window that is even, or larger than the image", async () => {
  for (const window_size of [8, 33])
    await expect(build(MSSIMVAE, { ...SMALL, window_size })).rejects.toThrow(
      /^model_params\.window_size: expected an odd number of at most 32, the side of the images, got /,
    );
  await build(MSSIMVAE, { ...SMALL, window_size: 31 });
});
