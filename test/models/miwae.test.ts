import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import IWAE from "../../src/models/iwae.ts";
import MIWAE from "../../src/models/miwae.ts";
import VanillaVAE from "../../src/models/vanilla_vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const SMALL = { latent_dim: 3, hidden_dims: [4, 8], sigma: 0.3 };
const ELBO = { convention: "elbo" } as const;
const images = () => Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);
const miwae = (num_estimates: number, num_samples: number) =>
  build(MIWAE, { ...SMALL, num_estimates, num_samples }, ELBO);

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("of one estimate it is the IWAE of as many draws", async () => {
    const [x, rng] = [images(), Rng.fromSeed(1)];
    for (const num_samples of [1, 4]) {
      const iwae = await build(IWAE, { ...SMALL, num_samples }, ELBO);
      expect(lossOf(await miwae(1, num_samples), x, rng)).toEqual(lossOf(iwae, x, rng));
    }
  });

  it("of draws alone it is their mean ELBO, and in the mean that with the KL in closed form", async () => {
    const x = images();
    const many = lossOf(await miwae(400, 1), x, Rng.fromSeed(1));
    const one = lossOf(await miwae(1, 1), x, Rng.fromSeed(1));
    const vanilla = lossOf(await build(VanillaVAE, SMALL, ELBO), x, Rng.fromSeed(1));
    expect(one.reconstruction! / vanilla.reconstruction!).toBeCloseTo(1, 5);
    expect(one.kl).toBeCloseTo(vanilla.kl!, 5);
    const drawnKl = many.bound! - many.reconstruction!;
    expect(Math.abs(drawnKl - vanilla.kl!)).toBeLessThan(0.2);
  });

  it("lies between the ELBO and the bound of all draws at once", async () => {
    const bounds: number[] = [];
    for (const [m, k] of [
      [12, 1],
      [3, 4],
      [1, 12],
    ] as const) {
      const vae = await miwae(m, k);
      vae.params.get("fc_mu.bias")!.value.assign(tf.fill([3], 1.5)); // a posterior unlike the prior
      const found = Array.from({ length: 6 }, (_, i) => -lossOf(vae, images(), Rng.fromSeed(i)).bound!);
      bounds.push(found.reduce((a, b) => a + b) / found.length);
    }
    expect(bounds[1]!).toBeGreaterThan(bounds[0]!);
    expect(bounds[2]!).toBeGreaterThan(bounds[1]!);
  });
});

it("refuses a sigma that is fitted to the draws, by its own name", async () => {
  await expect(build(MIWAE, { ...SMALL, sigma: "optimal" }, ELBO)).rejects.toThrow(
    /^model_params\.sigma: expected a number for MIWAE/,
  );
});
