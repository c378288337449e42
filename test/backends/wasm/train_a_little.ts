import { createHash } from "node:crypto";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { createOptimizer } from "../../../src/experiment/training/optimizers.ts";
import { trainStep } from "../../../src/experiment/training/step.ts";
import dfcvae from "../../../src/models/dfcvae.ts";
import { Rng } from "../../../src/rng.ts";
import type { Tensor4D } from "../../../src/tf.ts";
import { build } from "../../support/models.ts";

// Three steps of a DFCVAE on the wasm backend; prints a hash of its parameters, and the losses.
await useBackend("wasm");
const vae = await build(dfcvae, { latent_dim: 8, feature_network: "tiny_vgg" });
const params = new Map([...vae.params].filter(([, p]) => p.trainable).map(([name, p]) => [name, p.value]));
const exp = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, momentum: 0 };
const optimizers = new Map([["vae", createOptimizer(exp as never, params)]]);
const rng = Rng.fromSeed(3);
const weights = () => ({ reconstruction: 0.5, features: 0.5, kl: 2.5e-4 });
const losses = [];
for (let step = 0; step < 3; step++) {
  const images = rng.fold("images").fold(step).uniform<Tensor4D>([9, 32, 32, 3]);
  losses.push(trainStep({ vae, weights, optimizers, rng }, { images }, step, 1e-3).total);
}
const hash = createHash("sha256");
for (const { value } of vae.params.values()) hash.update(new Uint8Array((await value.data()).buffer));
console.log(hash.digest("hex"), ...losses);
