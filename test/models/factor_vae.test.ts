import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { trainStep } from "../../src/experiment/training/step.ts";
import factorVae, { permuteDimensions } from "../../src/models/factor_vae.ts";
import {
  discriminatorAccuracy,
  discriminatorLoss,
  totalCorrelation,
} from "../../src/models/losses/density_ratio.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { build } from "../support/models.ts";
import { images, trainer, unitWeights } from "../support/variants.ts";

beforeAll(() => useBackend("wasm"));

it("permutes each dimension over the batch by itself", () => {
  const [rows, dims] = [50, 4];
  const z = tf.tensor2d(
    Float32Array.from({ length: rows * dims }, (_, i) => i),
    [rows, dims],
  );
  const permuted = permuteDimensions(z, { rng: Rng.fromSeed(1) }).arraySync();
  const column = (values: number[][], d: number) => values.map((row) => row[d]!);
  for (let d = 0; d < dims; d++) {
    const [before, after] = [column(z.arraySync(), d), column(permuted, d)];
    expect(after).not.toEqual(before);
    expect([...after].sort((a, b) => a - b)).toEqual(before);
  }
  const whole = permuted.filter((row) =>
    row.every((v) => Math.floor(v / dims) === Math.floor(row[0]! / dims)),
  );
  expect(whole.length, "rows that stayed together").toBeLessThan(rows / 10);
});

it("its losses are those of the paper, by hand", () => {
  const joint = tf.tensor2d([
    [2, -1],
    [0.5, 1],
  ]);
  const permuted = tf.tensor2d([
    [0, 1],
    [-1, -3],
  ]);
  const d = ([a, b]: number[]) => Math.exp(a!) / (Math.exp(a!) + Math.exp(b!)); // softmax: D(z)
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [real, other] = [joint.arraySync().map(d), permuted.arraySync().map(d)];
  expect(totalCorrelation(joint).dataSync()[0]).toBeCloseTo(mean(real.map((p) => Math.log(p / (1 - p)))), 5);
  const expected = -0.5 * (mean(real.map(Math.log)) + mean(other.map((p) => Math.log(1 - p))));
  expect(discriminatorLoss(joint, permuted).dataSync()[0]).toBeCloseTo(expected, 5);
  expect(discriminatorAccuracy(joint, permuted).dataSync()[0]).toBeCloseTo(0.5, 6); // 1 of 2, 1 of 2
  const far = tf.tensor2d([[500, -500]]);
  expect(discriminatorLoss(tf.neg(far), far).dataSync()[0]).toBeCloseTo(1000, 1);
});

it("a discriminator finds the total correlation of Gaussian dimensions", async () => {
  const [rho, count] = [0.8, 512];
  const vae = await build(factorVae, {
    latent_dim: 2,
    hidden_dims: [2, 2],
    discriminator_layers: 2,
    discriminator_width: 32,
  });
  const correlated = (seed: number) =>
    tf.tidy(() => {
      const noise = Rng.fromSeed(seed).normal<Tensor2D>([count, 2]);
      return tf.matMul(
        noise,
        tf.tensor2d([
          [1, rho],
          [0, Math.sqrt(1 - rho * rho)],
        ]),
      ) as Tensor2D;
    });
  const { loss, ...phase } = vae.phases[1]!;
  let batch = 100;
  const drawn = {
    ...phase,
    loss: (...[b, ctx]: Parameters<typeof loss>) => loss(b, ctx, { z: correlated(batch++) }),
  };
  const t = trainer({ ...vae, phases: [drawn] }, { discriminator: 1 });
  for (let step = 0; step < 150; step++) trainStep(t, { images: images() }, step, 3e-3);
  const odds = tf.tidy(() => {
    const z = correlated(7);
    let h: Tensor2D = z;
    const names = [0, 2, 4].map((i) => [`discriminator.${i}.weight`, `discriminator.${i}.bias`] as const);
    names.forEach(([w, b], i) => {
      h = tf.add(tf.matMul(h, vae.params.get(w)!.value as unknown as Tensor2D), vae.params.get(b)!.value);
      if (i < 2) h = tf.leakyRelu(h, 0.2);
    });
    return totalCorrelation(h).dataSync()[0]!;
  });
  const exact = -0.5 * Math.log(1 - rho * rho); // of two Gaussians with correlation rho: 0.511 nats
  expect(Math.abs(odds - exact)).toBeLessThan(0.15);
});

it("the discriminator's gradient is not the encoder's: z comes to it as a constant", async () => {
  const params = { latent_dim: 3, hidden_dims: [4, 4], discriminator_layers: 1, discriminator_width: 4 };
  const encoderAfter = async (weight: number) => {
    const vae = await build(factorVae, params);
    const weights = { ...unitWeights(factorVae as never, "pixel_mean"), discriminator: weight };
    trainStep(trainer(vae, weights), { images: images() as Tensor4D }, 0, 1e-3);
    return [...vae.params].flatMap(([n, p]) =>
      n.startsWith("discriminator.") ? [] : [...p.value.dataSync()],
    );
  };
  expect(await encoderAfter(1)).toEqual(await encoderAfter(100));
});
