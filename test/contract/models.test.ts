import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { encodeCheckpoint, restoreCheckpoint } from "../../src/experiment/checkpoint.ts";
import { createOptimizer } from "../../src/experiment/optimizers.ts";
import { newRunState } from "../../src/experiment/run_state.ts";
import { evaluateStep, trainStep } from "../../src/experiment/step.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { Convention } from "../../src/models/define.ts";
import { getModel, modelNames } from "../../src/models/index.ts";
import type { VAE } from "../../src/models/vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { build, LABELS, labelValues } from "../support/models.ts";

/** What every registered variant promises, on every backend that can train it here. */
const SMALL = { latent_dim: 4, hidden_dims: [4, 8, 8] };
const EXP = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as never;

const images = (channels = 3, side = 32) => Rng.fromSeed(7).uniform<Tensor4D>([4, side, side, channels]);

const batch = (x = images()) => ({
  images: x,
  labels: tf.tensor2d(labelValues(x.shape[0]), [x.shape[0], LABELS.length]), // for those that take some
});

function trainer(vae: VAE, weights: Record<string, number>) {
  const optimizers = new Map(
    vae.phases.map((phase) => {
      const owned = [...vae.params].filter(([n, p]) => p.trainable && phase.owns(n));
      return [phase.name, createOptimizer(EXP, new Map(owned.map(([n, p]) => [n, p.value])))];
    }),
  );
  return { vae, weights: () => weights, optimizers, rng: Rng.fromSeed(3).fold("step") };
}

const snapshot = (vae: VAE) => new Map([...vae.params].map(([n, p]) => [n, [...p.value.dataSync()]]));

for (const backend of trainingBackends) {
  describe.each(modelNames())(`%s on ${backend}`, (name) => {
    const model = getModel(name)!;
    const weightsOf = (convention: Convention, params: Record<string, unknown> = {}) => {
      const terms = model.terms({ alpha: 1, beta: 1, ...params }, convention);
      return Object.fromEntries(Object.keys(terms).map((t) => [t, 1]));
    };

    beforeAll(async () => {
      await useBackend(backend);
    });

    it.each([
      [28, 1, "transposed"],
      [32, 3, "transposed"],
      [33, 2, "transposed"],
      [32, 3, "upsample"],
    ] as const)(
      "keeps the images' shape: %i pixels, %i channels, %s decoder",
      async (side, channels, decoder) => {
        if (model.name === "DFCVAE" && channels === 2) return; // feature networks take 1 or 3
        const vae = await build(model, { ...SMALL, decoder }, { imageShape: [side, side, channels] });
        const x = images(channels, side);
        const ctx = newCtx({ training: false, rng: Rng.fromSeed(1), labels: batch(x).labels });
        const { z, posterior } = vae.encode(x, ctx);
        expect(Object.keys(posterior)).toEqual(Object.keys(z));
        expect(vae.decode(z, ctx).shape).toEqual(x.shape);
        expect(vae.reconstruct(x, ctx).shape).toEqual(x.shape);
        expect(
          vae.sample?.(3, newCtx({ training: false, rng: Rng.fromSeed(1) })).shape ?? [
            3,
            side,
            side,
            channels,
          ],
        ).toEqual([3, side, side, channels]);
      },
    );

    it.each(["elbo", "pixel_mean"] as const)(
      "declares each term it returns, finite, under %s",
      async (convention) => {
        const vae = await build(model, SMALL, { convention });
        const { terms, total, scalars } = evaluateStep(trainer(vae, weightsOf(convention)), batch(), 0);
        expect(Object.keys(terms).sort()).toEqual(Object.keys(weightsOf(convention)).sort());
        for (const value of [total, ...Object.values(terms), ...Object.values(scalars)])
          expect(value).toBeTypeOf("number");
        expect(Object.values({ ...terms, ...scalars, total }).every(Number.isFinite)).toBe(true);
        expect(scalars.mse, "what the ELBO in val/ is computed from").toBeGreaterThan(0);
      },
    );

    it("changes in a step what its phases own and its running statistics, and nothing else", async () => {
      const vae = await build(model, SMALL);
      const before = snapshot(vae);
      trainStep(trainer(vae, weightsOf("pixel_mean")), batch(), 0, 1e-3);
      for (const [n, p] of vae.params) {
        const changed = String([...p.value.dataSync()]) !== String(before.get(n));
        expect(changed, n).toBe(true);
      }
    });

    it("changes nothing in evaluation", async () => {
      const vae = await build(model, SMALL);
      const before = snapshot(vae);
      evaluateStep(trainer(vae, weightsOf("pixel_mean")), batch(), 0);
      expect(snapshot(vae)).toEqual(before);
    });

    it("gives the same bits for the same seed", async () => {
      const run = async () => {
        const vae = await build(model, SMALL);
        const t = trainer(vae, weightsOf("pixel_mean"));
        const totals = [0, 1, 2].map((step) => trainStep(t, batch(), step, 1e-3).total);
        return { totals, after: snapshot(vae) };
      };
      expect(await run()).toEqual(await run());
    });

    it("goes on from a checkpoint with the bits of an unbroken run", async () => {
      const file = join(mkdtempSync(join(tmpdir(), "vae-")), "last.safetensors");
      const weights = weightsOf("pixel_mean");
      const whole = trainer(await build(model, SMALL), weights);
      trainStep(whole, batch(), 0, 1e-3);
      writeFileSync(
        file,
        encodeCheckpoint(name, whole.vae, whole.optimizers, { ...newRunState(), step: 1, batch: 1 }),
      );
      const expected = trainStep(whole, batch(), 1, 1e-3);
      const resumed = trainer(await build(model, SMALL, { rng: Rng.fromSeed(99) }), weights);
      const state = restoreCheckpoint(file, name, resumed.vae, resumed.optimizers);
      expect(state.step).toBe(1);
      expect(trainStep(resumed, batch(), state.step, 1e-3)).toEqual(expected);
      expect(snapshot(resumed.vae)).toEqual(snapshot(whole.vae));
    });

    it("leaks no tensor in a step", async () => {
      const vae = await build(model, SMALL);
      const t = trainer(vae, weightsOf("pixel_mean"));
      const x = batch();
      trainStep(t, x, 0, 1e-3);
      const before = tf.memory().numTensors;
      for (let step = 1; step < 4; step++) trainStep(t, x, step, 1e-3);
      evaluateStep(t, x, 4);
      expect(tf.memory().numTensors).toBe(before);
    });

    if (backend === "tensorflow") {
      it("overfits eight images", async () => {
        const vae = await build(model, { latent_dim: 16, hidden_dims: [16, 32, 32] });
        const x = tf.image.resizeBilinear(Rng.fromSeed(2).uniform<Tensor4D>([8, 4, 4, 3]), [32, 32]);
        const t = trainer(vae, { ...weightsOf("pixel_mean"), kl: 1e-5 });
        const first = trainStep(t, batch(x), 0, 3e-3).scalars.mse!;
        let last = first;
        for (let step = 1; step < 150; step++) last = trainStep(t, batch(x), step, 3e-3).scalars.mse!;
        expect(last).toBeLessThan(first / 4);
      });
    }
  });
}
