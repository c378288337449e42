import { beforeAll, expect, it, test } from "vitest";
import { registerTensorFlow } from "../../../src/backends/tensorflow/register.ts";
import { type BackendInfo, useBackend } from "../../../src/backends/use_backend.ts";
import type { HostBatch } from "../../../src/data/loader.ts";
import { GradientSums } from "../../../src/experiment/training/gradient_sums.ts";
import type { StepMetrics } from "../../../src/experiment/training/loggers/step_metrics.ts";
import { createOptimizer } from "../../../src/experiment/training/optimizers.ts";
import { Stepper } from "../../../src/experiment/training/stepper.ts";
import { WeightAverage } from "../../../src/experiment/training/weight_average.ts";
import { getModel, modelNames } from "../../../src/models/registry.ts";
import type { Ctx, VAE } from "../../../src/models/vae.ts";
import { Rng } from "../../../src/rng.ts";
import { type Tensor, tf } from "../../../src/tf.ts";
import { describeTensorFlow } from "../../support/backends.ts";
import { build, maxDifference } from "../../support/models.ts";
import { host, tinyModel } from "../../support/steps.ts";
import { compiledVariants, fitting, STEP_KINDS, small, unitWeights } from "../../support/variants.ts";

const SMALL = { latent_dim: 4, hidden_dims: [4, 8, 8] };
const OPTIMIZERS = {
  adam: { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01 },
  adamw: { optimizer: "adamw", betas: [0.5, 0.99], eps: 1e-8, weight_decay: 0.01 },
  sgd: { optimizer: "sgd", momentum: 0.9, weight_decay: 0.01 },
  plain: { optimizer: "sgd", momentum: 0, weight_decay: 0 },
} as const;

/** Variants, and those of its parameters that make another loss of it. */
const VARIANTS: [name: string, params: object][] = [
  ...compiledVariants.map((name) => [name, {}] as [string, object]),
  ["BetaVAE", { loss_type: "B", capacity_max_iter: 30 }],
  ["DFCVAE", { feature_crop: 12 }],
  ["HVAE", { prior: "vamp", num_components: 3 }],
];

let backend: BackendInfo;
beforeAll(async () => {
  backend = await useBackend("auto");
});

interface Options {
  readonly compile: boolean;
  readonly optimizer?: keyof typeof OPTIMIZERS;
  readonly precision?: "float32" | "bfloat16";
  readonly said?: string[];
  readonly gradientClip?: number | undefined;
  /** Steps on several batches, with an average of the weights. */
  readonly groups?: boolean;
  /** The weight of `features`; 0.5 where left out. */
  readonly features?: (step: number) => number;
}

function stepper(vae: VAE, options: Options) {
  const { compile, optimizer = "adam", precision = "float32", said = [], features = () => 0.5 } = options;
  const gradientClip = "gradientClip" in options ? options.gradientClip : 0.5;
  const optimizers = new Map(
    vae.phases.map((phase) => {
      const owned = [...vae.params].filter(([n, p]) => p.trainable && phase.owns(n));
      const exp = OPTIMIZERS[optimizer] as never;
      return [phase.name, createOptimizer(exp, new Map(owned.map(([n, p]) => [n, p.value])), phase.name)];
    }),
  );
  const known = Object.assign({}, ...modelNames().map((n) => unitWeights(getModel(n)!, "pixel_mean")));
  const weights = (step: number) => ({
    ...known,
    features: features(step),
    capacity: 0.01,
    kl: step / 100, // a warm-up
    extra: 1,
  });
  return new Stepper(
    {
      vae,
      weights,
      optimizers,
      ...(options.groups && { sums: new GradientSums(vae), average: new WeightAverage(vae, 0.3) }),
      rng: Rng.fromSeed(3).fold("step"),
      gradientClip,
    },
    { compiler: compile ? backend.compiler : undefined, precision, say: (text) => said.push(text) },
  );
}

/** StepMetrics of `steps` steps, each on another batch at another learning rate, and the parameters after them. */
async function train(
  vae: VAE,
  steps: number,
  options: Options,
  batch: (step: number) => HostBatch | HostBatch[] = host,
) {
  const s = stepper(vae, options);
  const figures: StepMetrics[] = [];
  for (let step = 0; step < steps; step++) figures.push(await s.run(batch(step), step, 1e-3 / (step + 1)));
  s.syncVariables();
  const all = options.groups ? s.variables.map((v, i) => [`${i}`, v] as const) : [];
  const held = [...[...vae.params].map(([n, p]) => [n, p.value] as const), ...all];
  const params = new Map(held.map(([n, v]) => [n, [...v.dataSync()]]));
  return { figures, params, compiled: s.compiled };
}

/** Every gradient of a step, and what the step's own update makes the parameters of plain descent. */
test.each([true, false])("the gradients are those that the step takes (compiled: %s)", async (compile) => {
  const vae = await build(getModel("VanillaVAE")!, SMALL);
  const s = stepper(vae, { compile, optimizer: "plain", gradientClip: undefined });
  await s.run(host(0), 0, 1e-3);
  s.syncVariables();
  const values = () => new Map([...vae.params].map(([n, p]) => [n, p.value.dataSync().slice()]));
  const before = values();
  const gradients = s.gradients(host(1), 1, 1e-3);
  expect(values()).toEqual(before);
  await s.run(host(1), 1, 1e-3);
  s.syncVariables();
  const after = values();
  const trained = [...vae.params].filter(([, p]) => p.trainable).map(([name]) => name);
  expect([...gradients.keys()]).toEqual(trained);
  for (const [name, g] of gradients) {
    const expected = before.get(name)!.map((p, i) => p - 1e-3 * g[i]!);
    expect(maxDifference(after.get(name)!, expected), name).toBeLessThan(1e-6);
  }
});

test.each([true, false])(
  "a step leaves out the features while they weigh nothing (compiled: %s)",
  async (compile) => {
    const model = getModel("DFCVAE")!;
    const delayed = (before: number) => (step: number) => (step < 3 ? before : 0.5);
    const [a, b] = [await build(model, small(model)), await build(model, small(model))];
    const without = await train(a, 6, { compile, features: delayed(0) });
    const computed = await train(b, 6, { compile, features: delayed(1e-30) });
    const has = ({ figures }: Trained) => figures.map(({ terms }) => "features" in terms);
    expect(has(without)).toEqual([false, false, false, true, true, true]);
    expect(has(computed)).toEqual(Array(6).fill(true));
    for (const [name, values] of computed.params)
      expect(maxDifference(without.params.get(name)!, values), name).toBeLessThan(1e-5);
    expect(without.compiled).toBe(compile && backend.compiler !== undefined);
  },
);

type Trained = Awaited<ReturnType<typeof train>>;

/** Equal but for rounding: TensorFlow fuses ops of a compiled step, a bias into its convolution. */
function expectClose(compiled: Trained, eager: Trained): void {
  expect(compiled.compiled).toBe(true);
  eager.figures.forEach(({ total, terms, gradNorm }, step) => {
    const got = compiled.figures[step]!;
    for (const [name, [x, y]] of Object.entries({
      total: [got.total, total],
      gradNorm: [got.gradNorm, gradNorm],
      ...Object.fromEntries(Object.entries(terms).map(([n, v]) => [n, [got.terms[n]!, v]])),
    }))
      expect(
        Math.abs(x! - y!) / Math.max(Math.abs(y!), 1e-3), // of a difference of logarithms rounding may be all
        `${name} of step ${step}: ${x} and ${y}`,
      ).toBeLessThan(1e-3);
  });
  for (const [name, values] of eager.params) {
    expect(maxDifference(compiled.params.get(name)!, values), name).toBeLessThan(1e-3);
  }
}

describeTensorFlow("a compiled step", () => {
  it.each(VARIANTS)(
    "of %s %j gives the figures and parameters of the ops one by one over 50 steps",
    async (name, params) => {
      const model = getModel(name)!;
      const [a, b] = [
        await build(model, { ...small(model), ...params }),
        await build(model, { ...small(model), ...params }),
      ];
      const eager = await train(a, 50, { compile: false });
      const compiled = await train(b, 50, { compile: true });
      expectClose(compiled, eager);
    },
  );

  it.each(STEP_KINDS)(
    "of %s on several batches, with an average of the weights, gives those of the ops one by one",
    async (name) => {
      const model = getModel(name)!;
      const batch = (step: number) => [0, 1, 2].slice(step % 3).map((i) => host(10 * step + i));
      const [a, b] = [await build(model, small(model)), await build(model, small(model))];
      const eager = await train(a, 8, { compile: false, groups: true }, batch);
      expectClose(await train(b, 8, { compile: true, groups: true }, batch), eager);
    },
  );

  it.each(["adamw", "sgd"] as const)("has %s's updates", async (optimizer) => {
    const model = getModel("VanillaVAE")!;
    const [a, b] = [await build(model, SMALL), await build(model, SMALL)];
    const eager = await train(a, 5, { compile: false, optimizer });
    const compiled = await train(b, 5, { compile: true, optimizer });
    expectClose(compiled, eager);
  });

  it("gets what ctx.schedule and ctx.rng give anew at each step", async () => {
    const extra = (ctx: Ctx) =>
      tf.addN([
        ctx.schedule((step) => step ** 2),
        tf.sum(ctx.rng.fold("a").normal([3])),
        tf.sum(ctx.rng.fold("b").uniform([3])),
        tf.sum(tf.gather(tf.tensor1d([1, 2, 3]), ctx.rng.fold("c").shuffle(2))),
      ]);
    const eager = await train(tinyModel(extra), 6, { compile: false });
    const said: string[] = [];
    const compiled = await train(tinyModel(extra), 6, { compile: true, said });
    expect(said).toEqual([]);
    expect(compiled).toEqual({ ...eager, compiled: true });
    expect(new Set(eager.figures.map((f) => f.terms.extra)).size).toBe(6);
  });

  it("is made for each shape of batch", async () => {
    const batch = (step: number) => host(step, step % 3 === 2 ? 3 : 4);
    const model = getModel("VanillaVAE")!;
    const [a, b] = [await build(model, SMALL), await build(model, SMALL)];
    const eager = await train(a, 6, { compile: false }, batch);
    expectClose(await train(b, 6, { compile: true }, batch), eager);
  });

  let calls = 0;
  it.each<[what: string, extra: (ctx: Ctx) => Tensor, why: RegExp]>([
    ["reads ctx.step", (ctx) => tf.scalar(ctx.step), /reads ctx\.step/],
    ["counts by itself", () => tf.scalar(calls++), /a number of its op \w+ changes from step to step/],
    ["draws in JavaScript", (ctx) => tf.scalar(ctx.rng.normalArray(1)[0]!), /normalArray in JavaScript/],
    ["reads a tensor", (ctx) => tf.scalar(ctx.rng.normal([]).dataSync()[0]!), /dataSync/],
    ["changes its ops", (ctx) => (calls++ % 2 ? ctx.schedule(() => 1) : tf.scalar(1)), /its op|other ops/],
  ])("is not made of a loss that %s, which runs op by op and says why", async (_, extra, why) => {
    calls = 0;
    const eager = await train(tinyModel(extra), 4, { compile: false });
    calls = -2; // two rehearsals
    const said: string[] = [];
    const { figures, compiled } = await train(tinyModel(extra), 4, { compile: true, said });
    expect(compiled).toBe(false);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(why);
    expect(figures).toEqual(eager.figures);
  });

  it("leaves the event loop free", async () => {
    const s = stepper(await build(getModel("VanillaVAE")!, SMALL), { compile: true });
    await s.run(host(0), 0, 1e-3);
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const big = { ...host(0, 64) };
    await s.run(big, 1, 1e-3); // compiles
    turns = 0;
    await s.run(big, 2, 1e-3);
    clearInterval(count);
    expect(turns).toBeGreaterThan(0);
    s.syncVariables();
  });

  it("lends the parameters, which then can't be read by mistake", async () => {
    const vae = await build(getModel("VanillaVAE")!, SMALL);
    const s = stepper(vae, { compile: true });
    await s.run(host(0), 0, 1e-3);
    const weight = vae.params.get("fc_mu.weight")!.value;
    expect(() => tf.add(weight, 1)).toThrow(/not referenced/);
    s.syncVariables();
    expect(weight.dataSync().every(Number.isFinite)).toBe(true);
  });

  it("keeps no tensors", async () => {
    const binding = registerTensorFlow();
    const vae = await build(getModel("DFCVAE")!, SMALL);
    const s = stepper(vae, { compile: true });
    for (let step = 0; step < 3; step++) await s.run(host(step), step, 1e-3);
    s.syncVariables();
    const before = [tf.memory().numTensors, binding.getNumOfTensors()];
    for (let step = 3; step < 30; step++) await s.run(host(step), step, 1e-3);
    s.syncVariables();
    expect([tf.memory().numTensors, binding.getNumOfTensors()]).toEqual(before);
  });
});

describeTensorFlow("precision bfloat16", () => {
  it.each(compiledVariants)("trains %s along float32's curve, with float32 parameters", async (name) => {
    const model = getModel(name)!;
    const same = () => host(0, 16); // overfits one batch: a curve that falls
    const params = { ...small(model), ...fitting(model, { latent_dim: 8, hidden_dims: [8, 16, 16] }) };
    const [a, b] = [await build(model, params), await build(model, params)];
    const exact = await train(a, 60, { compile: true }, same);
    const rounded = await train(b, 60, { compile: true, precision: "bfloat16" }, same);
    const totals = (run: typeof exact) => run.figures.map((f) => f.total);
    expect(totals(rounded)).not.toEqual(totals(exact));
    for (const [i, total] of totals(rounded).entries()) {
      const size = Object.values(exact.figures[i]!.terms).reduce((sum, term) => sum + Math.abs(term), 0);
      expect(Math.abs(total - totals(exact)[i]!) / size, `step ${i}`).toBeLessThan(0.02);
    }
    const [weight] = [...a.params.keys()].filter((n) => n.endsWith("weight"));
    const bits = new Uint32Array(Float32Array.from(rounded.params.get(weight!)!).buffer);
    expect(bits.some((word) => (word & 0xffff) !== 0)).toBe(true);
  });
});
