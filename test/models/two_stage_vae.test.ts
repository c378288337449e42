import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { trainStep } from "../../src/experiment/training/step.ts";
import { newCtx } from "../../src/models/ctx.ts";
import { logGaussian } from "../../src/models/losses/gaussian_density.ts";
import TwoStageVAE from "../../src/models/two_stage_vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Scalar, type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { build } from "../support/models.ts";
import { images, trainer, unitWeights } from "../support/variants.ts";

const SMALL = { latent_dim: 2, hidden_dims: [4, 8], hidden_dims2: [32, 32] };
const still = (seed = 1) => newCtx({ training: false, rng: Rng.fromSeed(seed) });
/** A banana: z2 about z1^2, which no Gaussian is. */
function bent(count: number, seed: number): Tensor2D {
  const noise = Rng.fromSeed(seed).normal<Tensor2D>([count, 2]);
  const [a, b] = tf.split(noise, 2, 1) as [Tensor2D, Tensor2D];
  return tf.concat([a, tf.add(tf.square(a), tf.mul(0.2, b))], 1) as Tensor2D;
}

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("the second VAE learns what z looks like, and bounds its log-density from below", async () => {
    const vae = await build(TwoStageVAE, SMALL);
    const second = vae.phases[1]!;
    let step = 0;
    const drawn = {
      ...second,
      loss: (...[b, ctx]: Parameters<typeof second.loss>) => second.loss(b, ctx, { z: bent(256, step) }),
    };
    const t = trainer({ ...vae, phases: [drawn] }, { z_reconstruction: 1, z_kl: 1 });
    const batch = { images: images() };
    for (; step < 300; step++) trainStep(t, batch, step, 3e-3);
    const found = tf.tidy(() => {
      const z = bent(4000, -1 >>> 0);
      const { terms } = second.loss(batch, still(), { z });
      const bound = -tf.add<Scalar>(terms.z_reconstruction!, terms.z_kl!).dataSync()[0]!;
      const [a, b] = tf.split(z, 2, 1) as [Tensor2D, Tensor2D];
      const logP = tf.add(
        logGaussian(a, tf.scalar(0), tf.scalar(0)),
        logGaussian(b, tf.square(a), tf.scalar(2 * Math.log(0.2))),
      );
      return { bound, exact: tf.mean(logP).dataSync()[0]! } as never;
    }) as unknown as { bound: number; exact: number };
    const gaussian = -(2 * (0.5 * Math.log(2 * Math.PI * Math.E)) + 0.5 * Math.log(2.04)); // the best one's
    expect(found.bound).toBeLessThan(found.exact + 0.05);
    expect(found.bound).toBeGreaterThan(gaussian + 0.25);
  });

  it("samples go through both: they are what its z decode to", async () => {
    const vae = await build(TwoStageVAE, SMALL);
    const set = (name: string, value: number | number[]) => {
      const v = vae.params.get(`second_stage.${name}`)!.value;
      tf.tidy(() => v.assign(Array.isArray(value) ? tf.tensor(value, v.shape) : tf.fill(v.shape, value)));
    };
    set("decoder.out.weight", 0);
    set("decoder.out.bias", [7, -4]);
    set("log_gamma", -20);
    const rows = tf.unstack(vae.sample!(3, still()));
    const expected = tf.squeeze(vae.decode({ z: tf.tensor2d([[7, -4]]) }, still()));
    for (const row of rows) expect(tf.max(tf.abs(tf.sub(row, expected))).dataSync()[0]).toBeLessThan(1e-5);
  });

  it("neither VAE has a gradient of the other's loss", async () => {
    const after = async (weights: Record<string, number>) => {
      const vae = await build(TwoStageVAE, SMALL);
      trainStep(
        trainer(vae, { ...unitWeights(TwoStageVAE as never, "pixel_mean"), ...weights }),
        { images: images() as Tensor4D },
        0,
        1e-3,
      );
      const values = (isSecond: boolean) =>
        [...vae.params].flatMap(([n, p]) =>
          n.startsWith("second_stage.") === isSecond ? [...p.value.dataSync()] : [],
        );
      return [values(true), values(false)];
    };
    const [[second, first], [, firstAgain], [secondAgain]] = [
      await after({}),
      await after({ z_reconstruction: 100, z_kl: 0 }),
      await after({ reconstruction: 0 }),
    ];
    expect(firstAgain).toEqual(first);
    expect(secondAgain).toEqual(second);
  });
});
