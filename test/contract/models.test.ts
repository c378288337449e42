import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { ShapeError } from "../../src/errors.ts";
import { encodeCheckpoint, restoreCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import { newRunState } from "../../src/experiment/runs/run_state.ts";
import { GradientSums } from "../../src/experiment/training/gradient_sums.ts";
import { readMetrics } from "../../src/experiment/training/metric_tensors.ts";
import { createOptimizer, type Optimizer } from "../../src/experiment/training/optimizers.ts";
import { evaluateStep, stepGradients, stepTensors, trainStep } from "../../src/experiment/training/step.ts";
import { inputsAt } from "../../src/experiment/training/step_inputs.ts";
import { newCtx } from "../../src/models/ctx.ts";
import { phasesOf } from "../../src/models/define.ts";
import { getModel, modelNames } from "../../src/models/registry.ts";
import type { VAE } from "../../src/models/vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf, type Variable } from "../../src/tf.ts";
import { allBackends, compileQuickly } from "../support/backends.ts";
import { build, maxDifference } from "../support/models.ts";
import {
  batchOf,
  fitting,
  images,
  isEstimated,
  labelsOf,
  phaseLosses,
  small,
  trained,
  trainer,
  unitWeights,
} from "../support/variants.ts";

/**
 * What every registered variant promises, on every backend that is set up here. That a compiled step equals its ops
 * one by one: test/experiment/training/stepper.test.ts.
 */
const snapshot = (vae: VAE) => new Map([...vae.params].map(([n, p]) => [n, [...p.value.dataSync()]]));
const NONE: Optimizer = { state: new Map(), apply: () => {}, dispose: () => {} };

compileQuickly();
for (const backend of allBackends) {
  // There each further loss is one more to compile, for seconds; test/backends/xla/steps.test.ts trains compiled steps.
  const compiles = backend.startsWith("xla");

  describe.each(modelNames())(`%s on ${backend}`, (name) => {
    const model = getModel(name)!;
    const params = small(model);
    const weights = unitWeights(model, "pixel_mean");
    const batch = () => batchOf(images());

    beforeAll(async () => {
      await useBackend(backend);
    });

    it("names its phases", async () => {
      const { phases } = await build(model, params);
      expect(phases.map((phase) => phase.name)).toEqual(phasesOf(model));
    });

    it.for([
      [28, 1, "transposed"],
      [32, 3, "transposed"],
      [33, 2, "transposed"],
      [32, 3, "upsample"],
    ] as const)(
      "keeps the images' shape: %i pixels, %i channels, %s decoder",
      async ([side, channels, decoder], { skip }) => {
        if (channels === 2 && "feature_network" in model.params.properties)
          skip("feature networks take 1 or 3 channels");
        const asked = { ...params, ...fitting(model, { decoder }) };
        let vae: VAE;
        try {
          vae = await build(model, asked, { imageShape: [side, side, channels] });
        } catch (error) {
          expect(error, "a size that doesn't fit is told").toBeInstanceOf(ShapeError);
          expect(side).toBe(33); // of the others each variant takes both
          return;
        }
        const x = images(channels, side);
        const ctx = newCtx({ training: false, rng: Rng.fromSeed(1), labels: labelsOf(x) });
        const { z, posterior } = vae.encode(x, ctx);
        expect(Object.keys(posterior)).toEqual(Object.keys(z));
        expect(vae.decode(z, ctx).shape).toEqual(x.shape);
        expect(vae.reconstruct(x, ctx).shape).toEqual(x.shape);
        const three = newCtx({ training: false, rng: Rng.fromSeed(1), labels: labelsOf(x).slice(0, 3) });
        expect(vae.sample?.(3, three).shape ?? [3, side, side, channels]).toEqual([3, side, side, channels]);
      },
    );

    it.each(["elbo", "pixel_mean"] as const)(
      "declares each term it returns, finite, under %s",
      async (convention) => {
        const vae = await build(model, params, { convention });
        const declared = unitWeights(model, convention);
        const { terms, total, scalars } = evaluateStep(trainer(vae, declared), batch(), 0);
        expect(Object.keys(terms).sort()).toEqual(Object.keys(declared).sort());
        for (const value of [total, ...Object.values(terms), ...Object.values(scalars)])
          expect(value).toBeTypeOf("number");
        expect(Object.values({ ...terms, ...scalars, total }).every(Number.isFinite)).toBe(true);
        expect(scalars.mse, "what the ELBO in val/ is computed from").toBeGreaterThan(0);
      },
    );

    it.each(compiles ? (["pixel_mean"] as const) : (["elbo", "pixel_mean"] as const))(
      "has the gradients of its losses under %s, against finite differences",
      async (convention) => {
        const vae = await build(model, params, { convention });
        const b = batch();
        const ctx = newCtx({ training: true, rng: Rng.fromSeed(4), labels: b.labels });
        for (const { params: owned, loss } of phaseLosses(vae, b, ctx)) {
          const { grads } = tf.variableGrads(loss, [...owned.values()]);
          for (const [part, variables] of byPart(owned)) {
            if ([...variables.keys()].every((n) => isEstimated(model, n))) continue;
            const along = [...variables.values()].map(
              (v) => [v, grads[v.name]!.dataSync() as Float32Array] as const,
            );
            const norm = Math.sqrt(along.reduce((sum, [, g]) => g.reduce((s, x) => s + x * x, sum), 0));
            expect(norm, `${part} has a gradient`).toBeGreaterThan(0);
            const slope = slopeAlong(
              along.map(([v, g]) => [v, Float32Array.from(g, (x) => x / norm)]),
              norm,
              () => tf.tidy(() => loss().dataSync()[0]!),
            );
            expect(Math.abs(slope / norm - 1), `${part}: ${slope} by differences, ${norm}`).toBeLessThan(
              0.03,
            );
          }
        }
      },
    );

    it("changes in a step of a phase what that phase owns and its running values, and nothing else", async () => {
      const running = new Set<string>();
      for (const phase of phasesOf(model)) {
        const vae = await build(model, params);
        const args = trainer(vae, weights);
        const optimizers = new Map([...args.optimizers].map(([n, o]) => [n, n === phase ? o : NONE]));
        const before = snapshot(vae);
        trainStep({ ...args, optimizers }, batch(), 0, 1e-3);
        const owned = trained(vae, vae.phases.find((p) => p.name === phase)!);
        for (const [n, p] of vae.params) {
          const changed = String([...p.value.dataSync()]) !== String(before.get(n));
          if (p.trainable) expect(changed, n).toBe(owned.has(n));
          else if (changed) running.add(n);
        }
      }
      const vae = await build(model, params);
      const fixed = [...vae.params]
        .filter(([n, p]) => !p.trainable && !p.fitted && !running.has(n))
        .map(([n]) => n);
      expect(fixed, "parameters that nothing changes").toEqual([]);
    });

    it("changes nothing in evaluation", async () => {
      const vae = await build(model, params);
      const before = snapshot(vae);
      evaluateStep(trainer(vae, weights), batch(), 0);
      expect(snapshot(vae)).toEqual(before);
    });

    it("gives the same bits for the same seed", async () => {
      const run = async () => {
        const vae = await build(model, params);
        const t = trainer(vae, weights);
        const totals = [0, 1, 2].map((step) => trainStep(t, batch(), step, 1e-3).total);
        return { totals, after: snapshot(vae) };
      };
      expect(await run()).toEqual(await run());
    });

    it("goes on from a checkpoint with the bits of an unbroken run", async () => {
      const file = join(mkdtempSync(join(tmpdir(), "vae-")), "last.safetensors");
      const whole = trainer(await build(model, params), weights);
      trainStep(whole, batch(), 0, 1e-3);
      const at = { ...newRunState(), step: 1, batch: 1 };
      writeFileSync(file, encodeCheckpoint(name, whole.vae, whole.optimizers, at));
      const saved = snapshot(whole.vae);
      const expected = [1, 2].map((step) => trainStep(whole, batch(), step, 1e-3));
      const resumed = trainer(await build(model, params, { rng: Rng.fromSeed(99) }), weights);
      const { step: from } = restoreCheckpoint(file, name, resumed.vae, resumed.optimizers);
      expect(from).toBe(1);
      expect(snapshot(resumed.vae)).toEqual(saved);
      expect([1, 2].map((step) => trainStep(resumed, batch(), step, 1e-3))).toEqual(expected);
      expect(snapshot(resumed.vae)).toEqual(snapshot(whole.vae));
    });

    it("has an average of its weights that a checkpoint takes along, for training on and for use", async () => {
      const file = join(mkdtempSync(join(tmpdir(), "vae-")), "last.safetensors");
      const t = trainer(await build(model, params), weights, { ema: 0.15 });
      const expected = snapshot(t.vae);
      for (const step of [0, 1, 2]) {
        trainStep(t, batch(), step, 1e-3);
        const decay = Math.min(0.15, (1 + step) / (10 + step)); // 0.1, 0.15, 0.15
        for (const [n, w] of snapshot(t.vae))
          expected.set(
            n,
            expected.get(n)!.map((a, i) => decay * a + (1 - decay) * w[i]!),
          );
      }
      const averaged = [...t.vae.params].filter(([, p]) => !p.fitted).map(([n]) => n);
      expect([...t.average!.state.keys()]).toEqual(averaged);
      for (const [n, a] of t.average!.state) {
        const size = Math.max(...expected.get(n)!.map(Math.abs));
        expect(maxDifference(a.dataSync(), expected.get(n)!), n).toBeLessThan(1e-6 * Math.max(1, size));
      }
      const at = { ...newRunState(), step: 3, averagedFrom: 0 };
      writeFileSync(file, encodeCheckpoint(name, t.vae, t.optimizers, at, t.average));
      const on = trainer(await build(model, params, { rng: Rng.fromSeed(9) }), weights, { ema: 0.15 });
      restoreCheckpoint(file, name, on.vae, on.optimizers, on.average);
      const used = await build(model, params, { rng: Rng.fromSeed(9) });
      restoreCheckpoint(file, name, used);
      for (const [n, a] of t.average!.state)
        expect([...used.params.get(n)!.value.dataSync()], n).toEqual([...a.dataSync()]);
      for (const s of [t, on]) trainStep(s, batch(), 3, 1e-3);
      expect(snapshot(on.vae)).toEqual(snapshot(t.vae));
      for (const [n, a] of t.average!.state)
        expect([...on.average!.state.get(n)!.dataSync()], n).toEqual([...a.dataSync()]);
    });

    it("takes a step by the mean of the gradients of several batches, and holds none after it", async () => {
      const vae = await build(model, params);
      const plain = { optimizer: "sgd", momentum: 0, weight_decay: 0 } as never;
      const optimizers = new Map(
        vae.phases.map((p) => [p.name, createOptimizer(plain, trained(vae, p), p.name)]),
      );
      const sums = new GradientSums(vae);
      const t = { ...trainer(vae, weights), optimizers, sums };
      const lr = 1e-3;
      const gradients: Map<string, Float32Array>[] = [];
      const start = snapshot(vae);
      const batches = [images(), tf.reverse(images(), 1), tf.sub(1, images())].map((x) =>
        batchOf(x as Tensor4D),
      );
      for (const [i, b] of batches.entries()) {
        const at = inputsAt({ step: 0, lr, rng: t.rng.fold(i), batches: 3 });
        gradients.push(stepGradients(t, b, at));
        for (const [n, p] of vae.params)
          if (p.trainable) expect([...p.value.dataSync()], n).toEqual(start.get(n));
        const { gradNorm } = readMetrics(stepTensors(t, b, at, i === 2 ? "last" : "more"));
        if (i === 2) expect(gradNorm).toBeGreaterThan(0);
      }
      for (const [n, g] of gradients[0]!) {
        const mean = g.map((x, k) => (x + gradients[1]!.get(n)![k]! + gradients[2]!.get(n)![k]!) / 3);
        const expected = start.get(n)!.map((x, k) => x - lr * mean[k]!);
        const largest = mean.reduce((a, x) => Math.max(a, Math.abs(x)), 1);
        expect(maxDifference(vae.params.get(n)!.value.dataSync(), expected), n).toBeLessThan(1e-6 * largest);
      }
      expect(sums.variables.every((v) => v.dataSync().every((x) => x === 0))).toBe(true);
    });

    it("fits a prior by the parameters that are for it alone, the same for the same codes", async () => {
      const vae = await build(model, params);
      const fitted = [...vae.params].filter(([, p]) => p.fitted).map(([n]) => n);
      const fit = () =>
        tf.tidy(() => {
          const x = images();
          const ctx = newCtx({ training: false, rng: Rng.fromSeed(1), labels: labelsOf(x) });
          const { values, metrics = {} } = vae.fitPrior?.([vae.encode(x, ctx).posterior]) ?? {
            values: {},
          };
          expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
          return Object.entries(values).map(([n, v]) => [n, [...v.dataSync()]] as const);
        });
      const found = fit();
      expect(found.map(([n]) => n).sort()).toEqual(fitted.sort());
      for (const [n, values] of found) expect(values.length, n).toBe(vae.params.get(n)!.value.size);
      expect(fit()).toEqual(found);
    });

    it("leaks no tensor in a step", async () => {
      const vae = await build(model, params);
      const t = trainer(vae, weights, { ema: 0.9 });
      const b = batch();
      trainStep(t, b, 0, 1e-3);
      const before = tf.memory().numTensors;
      for (let step = 1; step < 4; step++) trainStep(t, b, step, 1e-3);
      evaluateStep(t, b, 4);
      expect(tf.memory().numTensors).toBe(before);
    });

    it.skipIf(compiles)("overfits eight images", async () => {
      const wide = fitting(model, { latent_dim: 16, hidden_dims: [16, 32, 32] });
      const vae = await build(model, { ...params, ...wide });
      const x = tf.image.resizeBilinear(Rng.fromSeed(2).uniform<Tensor4D>([8, 4, 4, 3]), [32, 32]);
      const light = Object.keys(weights).filter((term) => /^(kl$|tc$|capacity)/.test(term));
      const t = trainer(vae, { ...weights, ...Object.fromEntries(light.map((term) => [term, 1e-5])) });
      const b = batchOf(x);
      const first = trainStep(t, b, 0, 3e-3).scalars.mse!;
      let last = first;
      for (let step = 1; step < 150 && last >= first / 4; step++)
        last = trainStep(t, b, step, 3e-3).scalars.mse!;
      expect(last).toBeLessThan(first / 4);
    });
  });
}

/** Parameters by the first part of their names: encoder, fc_mu, … */
function byPart(params: ReadonlyMap<string, Variable>): Map<string, Map<string, Variable>> {
  const parts = new Map<string, Map<string, Variable>>();
  for (const [name, v] of params) {
    const part = name.split(".")[0]!;
    parts.set(part, (parts.get(part) ?? new Map()).set(name, v));
  }
  return parts;
}

/**
 * The derivative of `value`, about `expected`, along a direction of unit length by the five-point rule; the variables
 * are as before after it. The step is as short as float32 lets it be, since LeakyReLU has kinks: `value` changes by 400
 * times the spacing of floats of its size, of which the rounding of some is less than a percent. Where that is too long or
 * too short all the same, the nearest of three steps: a wrong gradient is off by each.
 */
function slopeAlong(
  direction: readonly (readonly [Variable, Float32Array])[],
  expected: number,
  value: () => number,
): number {
  const start = direction.map(([v]) => v.dataSync().slice() as Float32Array);
  const at = (h: number) => {
    direction.forEach(([v, d], i) => {
      const moved = start[i]!.map((x, k) => x + h * d[k]!);
      tf.tidy(() => v.assign(tf.tensor(moved, v.shape)));
    });
    return value();
  };
  const middle = Math.max(1e-3, (400 * 2 ** -23 * Math.abs(value())) / expected);
  const slopes: number[] = [];
  const off = (slope: number) => Math.abs(slope / expected - 1);
  for (const h of [middle, middle / 4, middle * 4]) {
    slopes.push((8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h));
    if (off(slopes.at(-1)!) < 0.02) break;
  }
  at(0);
  return slopes.reduce((a, b) => (off(b) < off(a) ? b : a));
}
