import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { newCtx } from "../../src/models/ctx.ts";
import { imqKernel, maximumMeanDiscrepancy, rbfKernel } from "../../src/models/losses/mmd.ts";
import WAE_MMD from "../../src/models/wae_mmd.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const D = 4;
const draw = (name: string, i: number, count = 64) =>
  Rng.fromSeed(5).fold(name).fold(i).normal<Tensor2D>([count, D]);
const SMALL = { latent_dim: D, hidden_dims: [4, 8] };
const images = () => Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each([
    ["rbf", rbfKernel(2 * D)],
    ["imq", imqKernel(2 * D)],
  ] as const)(
    "the discrepancy by %s of two samples of one distribution is 0 in the mean, and rises with a shift",
    (_, kernel) => {
      const of = (shift: number) => {
        const found = Array.from({ length: 40 }, (_, i) => {
          const moved = tf.add<Tensor2D>(draw("x", i), shift);
          return maximumMeanDiscrepancy(moved, draw("y", i), kernel).dataSync()[0]!;
        });
        const mean = found.reduce((a, b) => a + b) / found.length;
        const deviation = Math.sqrt(found.reduce((sum, v) => sum + (v - mean) ** 2, 0) / found.length);
        return { mean, error: deviation / Math.sqrt(found.length) };
      };
      const [none, some, more, most] = [0, 0.25, 0.5, 1].map(of);
      expect(Math.abs(none!.mean)).toBeLessThan(4 * none!.error);
      expect(some!.mean).toBeGreaterThan(none!.mean + 4 * none!.error);
      expect(more!.mean).toBeGreaterThan(some!.mean);
      expect(most!.mean).toBeGreaterThan(more!.mean);
    },
  );

  it("is finite of a batch of one image", () => {
    const one = maximumMeanDiscrepancy(draw("x", 0, 1), draw("y", 0, 1), rbfKernel(2 * D)).dataSync()[0]!;
    expect(one).toBeLessThanOrEqual(0);
    expect(one).toBeGreaterThanOrEqual(-2);
  });

  it("its encoder is deterministic: the same z and reconstruction, whatever the stream", async () => {
    const vae = await build(WAE_MMD, SMALL);
    const of = (seed: number) => {
      const ctx = newCtx({ training: false, rng: Rng.fromSeed(seed) });
      const { z, posterior } = vae.encode(images(), ctx);
      expect(posterior.z).toEqual({ kind: "point", value: z.z });
      return [...z.z!.dataSync()];
    };
    expect(of(1)).toEqual(of(2));
    const [a, b] = [lossOf(vae, images(), Rng.fromSeed(1)), lossOf(vae, images(), Rng.fromSeed(2))];
    expect(a.mse).toBe(b.mse);
    expect(a.mmd).not.toBe(b.mmd); // of other draws of the prior
  });
});

it("under elbo its cost is the squared error per image, but for a constant", async () => {
  await useBackend("wasm");
  const { reconstruction, mse } = lossOf(
    await build(WAE_MMD, SMALL, { convention: "elbo" }),
    images(),
    Rng.fromSeed(1),
  );
  const dims = 32 * 32 * 3;
  expect(reconstruction! - dims * (0.5 * Math.log(2 * Math.PI) + Math.log(Math.SQRT1_2))).toBeCloseTo(
    dims * mse!,
    1,
  );
});
