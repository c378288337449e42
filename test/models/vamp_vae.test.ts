import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { newCtx } from "../../src/models/ctx.ts";
import { logGaussian } from "../../src/models/losses/gaussian_density.ts";
import VampVAE from "../../src/models/vamp_vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Scalar, type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build, maxDifference } from "../support/models.ts";

const SMALL = { latent_dim: 2, hidden_dims: [4, 8] };
const images = (count = 4) => Rng.fromSeed(7).uniform<Tensor4D>([count, 32, 32, 3]);
const still = (seed = 1) => newCtx({ training: false, rng: Rng.fromSeed(seed) });
const vamp = (num_components: number) => build(VampVAE, { ...SMALL, num_components });
type Model = Awaited<ReturnType<typeof vamp>>;

/** The posterior of some images. */
function posterior(vae: Model, x: Tensor4D): { mean: Tensor2D; logVar: Tensor2D } {
  const q = vae.encode(x, still()).posterior.z!;
  if (q.kind !== "gaussian") throw new Error(q.kind);
  return { mean: q.mean as Tensor2D, logVar: q.logVar as Tensor2D };
}

/** Gives each pseudo-input one grey value of its own. */
function paint(vae: Model, greys: readonly number[]): Tensor4D {
  const [weight, bias] = ["weight", "bias"].map((leaf) => vae.params.get(`embed_pseudo.0.${leaf}`)!.value);
  bias!.assign(tf.zerosLike(bias!));
  weight!.assign(tf.tile(tf.tensor2d([...greys], [greys.length, 1]), [1, bias!.size]));
  return tf.tile(tf.reshape(tf.tensor1d([...greys]), [-1, 1, 1, 1]), [1, 32, 32, 3]) as Tensor4D;
}

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("with one pseudo-input the prior is its posterior, a Gaussian, and the KL that of two Gaussians", async () => {
    const vae = await vamp(1);
    const u = posterior(vae, paint(vae, [0.3]));
    const z = Rng.fromSeed(2).normal<Tensor2D>([5, 2]);
    const expected = tf.sum(logGaussian(z, u.mean, u.logVar), 1).dataSync();
    expect(maxDifference(vae.logPrior!({ z }, still()).dataSync(), expected)).toBeLessThan(1e-5);
    const q = posterior(vae, images());
    const ratio = tf.sub(q.logVar, u.logVar);
    const distance = tf.div(tf.square(tf.sub(q.mean, u.mean)), tf.exp(u.logVar));
    const kls = tf.mul(0.5, tf.sub(tf.sub(tf.add(tf.exp(ratio), distance), 1), ratio));
    const exact = tf.mean(tf.sum(kls, 1)).dataSync()[0]!;
    const found = Array.from({ length: 200 }, (_, i) => lossOf(vae, images(), Rng.fromSeed(i)).kl!);
    const mean = found.reduce((a, b) => a + b) / found.length;
    const deviation = Math.sqrt(found.reduce((sum, v) => sum + (v - mean) ** 2, 0) / found.length);
    expect(Math.abs(mean - exact)).toBeLessThan((4 * deviation) / Math.sqrt(found.length));
  });

  it("equal pseudo-inputs are one, and its density is the mean of theirs otherwise", async () => {
    const z = Rng.fromSeed(2).normal<Tensor2D>([5, 2]);
    const density = async (...greys: number[]) => {
      const vae = await vamp(greys.length);
      paint(vae, greys);
      return Array.from(vae.logPrior!({ z }, still()).dataSync(), Math.exp);
    };
    const [dark, light] = [await density(0.1), await density(0.9)];
    expect(maxDifference(await density(0.1, 0.1, 0.1), dark)).toBeLessThan(1e-6);
    const mixed = dark.map((d, i) => (d + light[i]!) / 2);
    expect(maxDifference(await density(0.1, 0.9), mixed)).toBeLessThan(1e-6);
  });

  it("samples are drawn from the mixture, and not from N(0, I)", async () => {
    const vae = await vamp(2);
    const weight = vae.params.get("fc_mu.weight")!.value;
    weight.assign(tf.mul(weight, 1e4)); // the posteriors' means far apart, beside deviations of 0.05
    vae.params.get("fc_mu.bias")!.value.assign(tf.tensor1d([50, -50]));
    vae.params.get("fc_var.bias")!.value.assign(tf.fill([2], -20));
    const u = posterior(vae, paint(vae, [0.1, 0.9]));
    const decoded = tf.reshape(vae.decode({ z: u.mean }, still()), [2, -1]).arraySync() as number[][];
    const rows = tf.reshape(vae.sample!(12, still()), [12, -1]).arraySync() as number[][];
    const nearest = rows.map((row) => decoded.map((d) => maxDifference(row, d)));
    const apart = maxDifference(decoded[0]!, decoded[1]!);
    for (const distances of nearest) expect(Math.min(...distances)).toBeLessThan(apart / 10);
    expect(new Set(nearest.map(([a, b]) => a! < b!)).size).toBe(2); // both of them
  });

  it.each([-1000, 1000])("stays finite where the encoder gives log-variances of %s", async (bias) => {
    const vae = await vamp(3);
    vae.params.get("fc_var.bias")!.value.assign(tf.fill([2], bias));
    vae.params.get("fc_mu.bias")!.value.assign(tf.fill([2], 50));
    const { logVar } = posterior(vae, images());
    expect(new Set(logVar.dataSync())).toEqual(new Set([bias < 0 ? -6 : 10]));
    const { value, grads } = tf.variableGrads(() => {
      const { terms } = vae.phases[0]!.loss(
        { images: images() },
        newCtx({ training: true, rng: Rng.fromSeed(1) }),
        {},
      );
      return tf.add<Scalar>(terms.kl!, terms.reconstruction!);
    });
    for (const t of [value, ...Object.values(grads)]) expect(t.dataSync().every(Number.isFinite)).toBe(true);
  });

  it("pseudo-inputs begin in the middle of the range, and get a gradient", async () => {
    const vae = await vamp(3);
    const names = ["embed_pseudo.0.weight", "embed_pseudo.0.bias"];
    const variables = names.map((name) => vae.params.get(name)!.value);
    const ctx = newCtx({ training: true, rng: Rng.fromSeed(1) });
    const { grads } = tf.variableGrads(
      () => vae.phases[0]!.loss({ images: images() }, ctx, {}).terms.kl!,
      variables,
    );
    for (const v of variables)
      expect(grads[v.name]!.dataSync().filter((g) => g !== 0).length).toBeGreaterThan(v.size / 2);
  });
});
