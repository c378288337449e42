import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { newCtx } from "../../src/models/ctx.ts";
import HVAE from "../../src/models/hvae.ts";
import { logGaussian } from "../../src/models/losses/gaussian_density.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build, maxDifference } from "../support/models.ts";

const SMALL = { latent1_dim: 3, latent2_dim: 2, hidden_dims: [4, 8] };
const images = (count = 4) => Rng.fromSeed(7).uniform<Tensor4D>([count, 32, 32, 3]);
const still = (seed = 1) => newCtx({ training: false, rng: Rng.fromSeed(seed) });
const hvae = (params = {}) => build(HVAE, { ...SMALL, ...params });
type Model = Awaited<ReturnType<typeof hvae>>;

/** Makes a dense layer give `values` whatever it sees. */
function fix(vae: Model, layer: string, values: readonly number[]): void {
  const weight = vae.params.get(`${layer}.weight`)!.value;
  weight.assign(tf.zerosLike(weight));
  vae.params.get(`${layer}.bias`)!.value.assign(tf.tensor1d([...values]));
}

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("a latent whose posterior is its prior costs nothing, and d²/2 where it is d deviations off", async () => {
    const vae = await hvae();
    fix(vae, "fc_z2_mu", [0, 0]);
    fix(vae, "fc_z2_var", [0, 0]);
    for (const layer of ["fc_z1", "recons_z1"]) fix(vae, `${layer}_mu`, [1, -2, 30]);
    fix(vae, "fc_z1_var", [-2, 0, 1]);
    fix(vae, "recons_z1_log_var", [-2, 0, 1]);
    const same = lossOf(vae, images(), Rng.fromSeed(3));
    expect([same.kl, same.kl_z2, same.kl_z1]).toEqual([0, 0, 0]);
    const deviation = Math.exp(-1);
    fix(vae, "fc_z1_mu", [1 + 3 * deviation, -2, 30]);
    fix(vae, "fc_z2_mu", [0, 2]);
    const off = lossOf(vae, images(), Rng.fromSeed(3));
    expect(off.kl_z1).toBeCloseTo(9 / 2, 5);
    expect(off.kl_z2).toBeCloseTo(2, 5);
    expect(off.kl).toBeCloseTo(9 / 2 + 2, 5);
  });

  it("the prior of z1 keeps a variance, so that no KL is beyond bounds", async () => {
    const vae = await hvae();
    fix(vae, "fc_z1_mu", [1, 0, 0]);
    fix(vae, "fc_z1_var", [-6, -6, -6]);
    fix(vae, "recons_z1_mu", [0, 0, 0]);
    fix(vae, "recons_z1_log_var", [-90, -6, -7]);
    expect(lossOf(vae, images(), Rng.fromSeed(3)).kl_z1).toBeCloseTo(Math.exp(6) / 2, 2);
  });

  it("decodes z1 from where its prior has it, which z2 moves", async () => {
    const vae = await hvae();
    const [z1, z2] = [tf.zeros([1, 3]), tf.tensor2d([[0.5, -1]])];
    const decoded = () => vae.decode({ z2, z1 }, still()).dataSync();
    fix(vae, "recons_z1_mu", [1, 2, 3]);
    const at = decoded();
    fix(vae, "recons_z1_mu", [0, 0, 0]);
    fix(vae, "recons_z1_log_var", [0, 0, 0]);
    const moved = vae.decode({ z2, z1: tf.tensor2d([[1, 2, 3]]) }, still()).dataSync();
    expect(maxDifference(at, moved)).toBeLessThan(1e-6);
    expect(maxDifference(at, decoded())).toBeGreaterThan(1e-4);
  });

  it("prior: vamp with one pseudo-input is a Gaussian, its posterior", async () => {
    const vae = await hvae({ prior: "vamp", num_components: 1 });
    fix(vae, "fc_z2_mu", [3, -4]);
    fix(vae, "fc_z2_var", [-1, 1]);
    const u = {
      z2: Rng.fromSeed(2).normal<Tensor2D>([5, 2]),
      z1: Rng.fromSeed(3).normal<Tensor2D>([5, 3]),
    };
    const expected = tf.add(
      tf.sum(logGaussian(u.z2, tf.tensor1d([3, -4]), tf.tensor1d([-1, 1])), 1),
      tf.sum(logGaussian(u.z1, tf.scalar(0), tf.scalar(0)), 1),
    );
    expect(maxDifference(vae.logPrior!(u, still()).dataSync(), expected.dataSync())).toBeLessThan(1e-4);
    const { kl_z2, kl_z1, kl } = lossOf(vae, images(), Rng.fromSeed(3));
    expect(kl_z2, "the images have that posterior too").toBeCloseTo(0, 4);
    expect(kl).toBeCloseTo(kl_z2! + kl_z1!, 4);
  });

  it("prior: vamp trains its pseudo-inputs", async () => {
    const vae = await hvae({ prior: "vamp", num_components: 3 });
    const ctx = newCtx({ training: true, rng: Rng.fromSeed(1) });
    const v = vae.params.get("embed_pseudo.0.weight")!.value;
    const { grads } = tf.variableGrads(
      () => vae.phases[0]!.loss({ images: images() }, ctx, {}).terms.kl!,
      [v],
    );
    expect(grads[v.name]!.dataSync().filter((g) => g !== 0).length).toBeGreaterThan(v.size / 2);
  });

  it("prior: vamp draws z2 from its pseudo-inputs' posteriors", async () => {
    const vae = await hvae({ prior: "vamp", num_components: 2 });
    fix(vae, "fc_z2_mu", [50, -50]);
    fix(vae, "fc_z2_var", [-30, -30]);
    fix(vae, "recons_z1_log_var", [-30, -30, -30]);
    const z2 = tf.tensor2d([[50, -50]]);
    const decoded = (at: Tensor2D) => vae.decode({ z2: at, z1: tf.zeros([1, 3]) }, still()).dataSync();
    const there = decoded(z2);
    const drawn = vae.sample!(2, still(5)).dataSync();
    const apart = maxDifference(there, decoded(tf.zerosLike(z2)));
    expect(maxDifference(drawn.subarray(0, there.length), there)).toBeLessThan(apart / 10); // deviations of 0.05
  });
});
