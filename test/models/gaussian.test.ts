import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { BuildArgs } from "../../src/models/define.ts";
import type { VAE } from "../../src/models/vae.ts";
import VanillaVAE from "../../src/models/vanilla_vae.ts";
import { pluginApi } from "../../src/plugin_api.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { build } from "../support/models.ts";

const { buildGaussianVAE, gaussianPhase, losses, onePhaseGaussianVAE } = pluginApi;
const SMALL = { latent_dim: 2, hidden_dims: [4, 8] };
const images = Rng.fromSeed(7);

type Args = BuildArgs<Parameters<typeof buildGaussianVAE>[0] & { likelihood: "gaussian"; sigma: number }>;
const withBuild = (make: (args: Args) => VAE) =>
  build({ ...VanillaVAE, build: make as never } as typeof VanillaVAE, SMALL) as Promise<VAE>;

/** Terms, scalars and names of updates of a training step's first phase. */
const lossOf = ({ phases: [phase] }: VAE) =>
  tf.tidy(() => {
    const x = images.uniform<Tensor4D>([4, 32, 32, 3]);
    const {
      terms,
      scalars = {},
      updates = {},
    } = phase!.loss({ images: x }, newCtx({ training: true, rng: Rng.fromSeed(1) }), {});
    const numbers = Object.entries({ ...terms, ...scalars }).map(([name, t]) => [name, t!.dataSync()[0]!]);
    return {
      name: phase!.name,
      values: Object.fromEntries(numbers),
      updates: Object.keys(updates).length,
    } as never;
  }) as unknown as { name: string; values: Record<string, number>; updates: number };

beforeAll(async () => {
  await useBackend("wasm");
});

it("a loss alone makes a variant, which steps as one that writes its phase out", async () => {
  const short = await withBuild((args) =>
    onePhaseGaussianVAE(args, (pass) => ({ terms: { kl: losses.klToUnitGaussian(pass.mean, pass.logVar) } })),
  );
  const written = await withBuild((args) => {
    const { forward, ...vae } = buildGaussianVAE(args.params, args);
    const loss: VAE["phases"][number]["loss"] = (batch, ctx) => {
      const pass = forward(batch.images, ctx);
      return {
        terms: { kl: losses.klToUnitGaussian(pass.mean, pass.logVar) },
        scalars: { mse: losses.meanSquaredError(batch.images, pass.recons) },
        updates: pass.updates,
      };
    };
    return { ...vae, phases: [{ name: "vae", owns: () => true, loss }] };
  });
  const found = lossOf(short);
  expect(found).toEqual(lossOf(written));
  expect(found.updates).toBeGreaterThan(0);
  expect(Object.keys(found.values)).toEqual(["kl", "mse"]);
});

it("a loss may log an mse of its own, take several draws of z, and own a part of the parameters", async () => {
  const vae = await withBuild((args) => {
    const { forward, ...rest } = buildGaussianVAE(args.params, args);
    const phase = gaussianPhase(
      forward,
      (pass) => ({ terms: { draws: tf.scalar(pass.z.shape[0]) }, scalars: { mse: tf.scalar(7) } }),
      { draws: 3, owns: (name) => name.startsWith("encoder") },
    );
    return { ...rest, phases: [phase] };
  });
  expect(lossOf(vae).values).toEqual({ draws: 12, mse: 7 });
  expect([vae.phases[0]!.owns("encoder.0.0.weight"), vae.phases[0]!.owns("fc_mu.weight")]).toEqual([
    true,
    false,
  ]);
});
