import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { createOptimizer } from "../../src/experiment/optimizers.ts";
import { trainStep } from "../../src/experiment/step.ts";
import { readSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { Ctx, VAE } from "../../src/models/vae.ts";
import VanillaVAE from "../../src/models/vanilla_vae.ts";
import { fromTorch, toTorch } from "../../src/nn/torch_layout.ts";
import { type Tensor, type Tensor4D, tf } from "../../src/tf.ts";
import { build, fixedNoise, maxDifference } from "../support/models.ts";
import { describeShared, shared } from "../support/shared.ts";

/** Values of PyTorch-VAE's own VanillaVAE on PyTorch 2.15; what they are stands in ../shared/golden/README.md. */
describeShared("golden", "VanillaVAE against PyTorch-VAE", () => {
  let golden: Safetensors;
  let images: Tensor4D;
  let noise: Tensor;

  const values = (name: string): Float32Array => {
    const t = golden.tensors.get(name);
    if (t === undefined) throw new Error(`the golden file has no "${name}"`);
    return t.data as Float32Array;
  };
  const shape = (name: string) => golden.tensors.get(name)!.shape;
  const ctx = (training: boolean): Ctx => newCtx({ training, rng: fixedNoise(noise) });
  const toNchw = (t: Tensor4D) => tf.transpose(t, [0, 3, 1, 2]).dataSync();

  const withGoldenWeights = async (): Promise<VAE> => {
    const vae = await build(
      VanillaVAE,
      { latent_dim: 16, hidden_dims: [8, 16, 32, 64, 512], output: "tanh" },
      { imageShape: [64, 64, 3], imageRange: [-1, 1] }, // theirs has a tanh and images in [0, 1]
    );
    for (const [name, p] of vae.params) {
      const { shape: ours, data } = fromTorch(p.torchLayout, shape(`state.${name}`), values(`state.${name}`));
      p.value.assign(tf.tensor(data, ours));
    }
    return vae;
  };

  beforeAll(async () => {
    await useBackend("auto");
    golden = readSafetensors(`${shared}/golden/vanilla_vae.safetensors`);
    images = tf.transpose(
      tf.tensor4d(values("x"), shape("x") as [number, number, number, number]),
      [0, 2, 3, 1],
    );
    noise = tf.tensor(values("eps"), [...shape("eps")]);
  });

  it("has its parameters, in its order", async () => {
    const theirs = [...golden.tensors.keys()]
      .filter((n) => n.startsWith("state.") && !n.endsWith("num_batches_tracked"))
      .map((n) => n.slice(6));
    const ours = [...(await withGoldenWeights()).params.keys()];
    expect([...ours].sort()).toEqual([...theirs].sort());
  });

  it("encodes and decodes to its values in evaluation mode", async () => {
    const vae = await withGoldenWeights();
    const { posterior, z } = vae.encode(images, ctx(false));
    const q = posterior.z!;
    if (q.kind !== "gaussian") throw new Error(q.kind);
    expect(maxDifference(q.mean.dataSync(), values("eval.mu"))).toBeLessThan(2e-5);
    expect(maxDifference(q.logVar.dataSync(), values("eval.log_var"))).toBeLessThan(2e-5);
    expect(maxDifference(toNchw(vae.decode(z, ctx(false))), values("eval.recons"))).toBeLessThan(2e-5);
  });

  it("has its gradients in the first training step", async () => {
    const vae = await withGoldenWeights();
    const phase = vae.phases[0]!;
    const trained = [...vae.params].filter(([, p]) => p.trainable);
    const { grads } = tf.variableGrads(
      () => {
        const { terms } = phase.loss({ images }, ctx(true), {});
        return tf.add(terms.reconstruction!, tf.mul(terms.kl!, 0.00025));
      },
      trained.map(([, p]) => p.value),
    );
    for (const [name, p] of trained) {
      const g = grads[p.value.name]!;
      const ours = toTorch(p.torchLayout, g.shape, g.dataSync() as Float32Array).data;
      const theirs = values(`grad.${name}`);
      const scale = theirs.reduce((a, g) => Math.max(a, Math.abs(g)), 1e-4);
      expect(maxDifference(ours, theirs) / scale, name).toBeLessThan(2e-3);
    }
  });

  it("has its losses over three Adam steps, and its state after them", async () => {
    const vae = await withGoldenWeights();
    const trained = new Map([...vae.params].filter(([, p]) => p.trainable).map(([n, p]) => [n, p.value]));
    const exp = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as never;
    const args = {
      vae,
      weights: () => ({ reconstruction: 1, kl: 0.00025 }),
      optimizers: new Map([["vae", createOptimizer(exp, trained)]]),
      rng: fixedNoise(noise),
    };
    const theirs = golden.tensors.get("losses")!.data;
    for (let step = 0; step < 3; step++) {
      const { total, terms } = trainStep(args, { images }, step, 1e-4);
      const [t, r, k] = [0, 1, 2].map((i) => Number(theirs[3 * step + i]));
      expect(total).toBeCloseTo(t!, 5);
      expect(terms.reconstruction).toBeCloseTo(r!, 5);
      expect(Math.abs(terms.kl! + k!) / Math.abs(k!)).toBeLessThan(1e-4); // they log -KL
    }
    for (const [name, p] of vae.params) {
      const ours = toTorch(p.torchLayout, p.value.shape, p.value.dataSync() as Float32Array).data;
      const theirs = values(`after3.${name}`);
      // A bias before batch norm has gradient 0: what is there is rounding noise, of which Adam takes the sign
      expect(maxDifference(ours, theirs), name).toBeLessThan(6.1e-4);
      if (/\.0\.bias$/.test(name)) continue;
      if (/running_mean$/.test(name)) continue; // it follows that bias
      const off = ours.filter((v, i) => Math.abs(v - theirs[i]!) > 2e-5).length;
      expect(off / ours.length, name).toBeLessThan(0.01);
    }
  });
});
