import { afterAll, beforeAll, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { stepCompiler } from "../../../src/backends/xla/compile.ts";
import { registerXla, type Xla } from "../../../src/backends/xla/register.ts";
import type { Ctx } from "../../../src/models/vae.ts";
import { type Tensor, tf } from "../../../src/tf.ts";
import { compileQuickly } from "../../support/backends.ts";
import { maxDifference } from "../../support/models.ts";
import { beginARoundingAway } from "../../support/rounding.ts";
import { host, tinyModel } from "../../support/steps.ts";
import { compiledVariants, roundingOf, STEP_KINDS } from "../../support/variants.ts";
import { describeXla } from "./pjrt/plugin.ts";
import { rateAt, smallModel, stateOf, stepperOf, train, worstOf } from "./training.ts";

/** Variants, and those of its parameters that make another loss of it. */
const VARIANTS: [name: string, params: object][] = [
  ...compiledVariants.map((name) => [name, {}] as [string, object]),
  ["BetaVAE", { loss_type: "B", capacity_max_iter: 30 }],
];

/** Milliseconds to compile a step twice on a machine that has much else to do. */
const LONG = 240_000;

/** Largest difference of a figure over five steps, as a share of it, but for what rounding explains. */
const FIGURES = 2e-4;

/** How far wasm is from itself where the parameters begin a rounding away: kinds of processors round elsewhere. */
async function byRounding(
  name: string,
  params: object,
  reference: Awaited<ReturnType<typeof train>>,
): Promise<number> {
  await useBackend("wasm");
  let most = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const model = await smallModel(name, params);
    beginARoundingAway(model, seed);
    most = Math.max(most, worstOf(reference, await train(stepperOf(model, name), 5)));
  }
  return most;
}

let xla: Xla;
const said: string[] = [];

compileQuickly();

describeXla("a step on xla", () => {
  beforeAll(async () => {
    xla = registerXla({ platform: "cpu", say: (text) => said.push(text) });
  });
  afterAll(() => {
    expect([...xla.backend.fallbacks.keys()], "kernels that ran in JavaScript").toEqual([]);
  });

  it.each(VARIANTS)(
    "of %s %j has wasm's figures over five steps, compiled, and rounded in bfloat16",
    async (name, params) => {
      await useBackend("wasm");
      const reference = await train(stepperOf(await smallModel(name, params), name), 5);
      await useBackend("xla:cpu");
      const { compiler } = xla;
      const compiled = stepperOf(await smallModel(name, params), name, { compiler });
      const figures = await train(compiled, 5);
      expect(compiled.compiled).toBe(true);
      const off = worstOf(reference, figures);
      if (off >= FIGURES) expect(off).toBeLessThan(3 * (await byRounding(name, params, reference)));
      await useBackend("xla:cpu");
      const lower = stepperOf(await smallModel(name, params), name, { compiler, precision: "bfloat16" });
      const rounded = await train(lower, 5);
      expect(rounded.map((f) => f.total)).not.toEqual(figures.map((f) => f.total));
      rounded.forEach(({ total }, step) => {
        const size = Object.values(figures[step]!.terms).reduce((sum, term) => sum + Math.abs(term), 0);
        expect(Math.abs(total - figures[step]!.total) / size, `step ${step}`).toBeLessThan(roundingOf(name));
      });
    },
    LONG,
  );

  it.each(STEP_KINDS)(
    "of %s on several batches, with an average of the weights, has wasm's figures and state",
    async (name) => {
      const batch = (step: number) => [0, 1, 2].slice(step % 2).map((i) => host(10 * step + i));
      await useBackend("wasm");
      const op = stepperOf(await smallModel(name), name, { groups: true });
      const reference = await train(op, 4, { batch });
      const expected = stateOf(op);
      await useBackend("xla:cpu");
      const compiled = stepperOf(await smallModel(name), name, { compiler: xla.compiler, groups: true });
      const figures = await train(compiled, 4, { batch });
      expect(compiled.compiled).toBe(true);
      expect(worstOf(reference, figures)).toBeLessThan(FIGURES);
      for (const [i, values] of stateOf(compiled).entries()) {
        const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
        expect(maxDifference(values, expected[i]!) / largest, `${i}`).toBeLessThan(1e-3);
      }
    },
    LONG,
  );

  it("gets what ctx.schedule and ctx.rng give anew at each step", async () => {
    await useBackend("xla:cpu");
    const extra = (ctx: Ctx) =>
      tf.addN([
        ctx.schedule((step) => step ** 2),
        tf.sum(ctx.rng.fold("a").normal([3])),
        tf.sum(ctx.rng.fold("b").uniform([3])),
        tf.sum(tf.gather(tf.tensor1d([1, 2, 3]), ctx.rng.fold("c").shuffle(2))),
      ]);
    const eager = await train(stepperOf(tinyModel(extra), undefined), 6);
    const compiled = await train(stepperOf(tinyModel(extra), undefined, xla), 6);
    expect(worstOf(eager, compiled)).toBeLessThan(1e-5);
    expect(new Set(eager.map((f) => f.terms.extra)).size).toBe(6);
  });

  let calls = 0;
  it.each<[what: string, extra: (ctx: Ctx) => Tensor, why: RegExp]>([
    ["reads ctx.step", (ctx) => tf.scalar(ctx.step), /reads ctx\.step/],
    ["counts by itself", () => tf.scalar(calls++), /a number of its op \w+ changes from step to step/],
    ["draws in JavaScript", (ctx) => tf.scalar(ctx.rng.normalArray(1)[0]!), /normalArray in JavaScript/],
    ["reads a tensor", (ctx) => tf.scalar(ctx.rng.normal([]).dataSync()[0]!), /dataSync/],
    ["changes its ops", (ctx) => (calls++ % 2 ? ctx.schedule(() => 1) : tf.scalar(1)), /its op|other ops/],
    ["has no form", (ctx) => tf.sum(tf.topk(ctx.rng.normal([3]), 2).values), /TopK/],
  ])("is not made of a loss that %s, which runs op by op and says why", async (what, extra, why) => {
    await useBackend("xla:cpu");
    calls = 0;
    const eager = await train(stepperOf(tinyModel(extra), undefined), 4);
    calls = -2; // two rehearsals
    const notes: string[] = [];
    const stepper = stepperOf(tinyModel(extra), undefined, { ...xla, said: notes });
    const figures = await train(stepper, 4);
    expect(stepper.compiled).toBe(false);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(why);
    expect(figures).toEqual(eager);
    if (what === "has no form") xla.backend.fallbacks.clear();
  });

  it("takes images as codes of their values, a byte each, with the bits of the values", async () => {
    await useBackend("xla:cpu");
    const values = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1);
    const batch = (step: number) => {
      const codes = Uint8Array.from(host(step).images, (x) => Math.floor(255 * x));
      const images = Float32Array.from(codes, (code) => values[code]!);
      return {
        decoded: { ...host(step), images },
        coded: { ...host(step), images, coded: { codes, values } },
      };
    };
    const texts: string[] = [];
    const taking = async (form: "decoded" | "coded") => {
      const compiler = stepCompiler(xla.backend, { onStep: (text) => texts.push(text) });
      const stepper = stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", { compiler });
      const metrics = await train(stepper, 4, { batch: (step) => batch(step)[form] });
      return { metrics, state: stateOf(stepper) };
    };
    expect(await taking("coded")).toEqual(await taking("decoded"));
    expect(texts.map((text) => text.includes("tensor<4x32x32x3xui8>"))).toEqual([true, false]);
  });

  it("may be started before the one before it is read, and its variables be read at any time", async () => {
    await useBackend("xla:cpu");
    const one = stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", xla);
    const figures = await train(one, 5);
    const two = stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", xla);
    const started = [];
    for (const step of [0, 1, 2, 3, 4]) started.push(await two.start(host(step), step, rateAt(step)));
    const state = stateOf(two); // before any result was waited for
    expect(await Promise.all(started.map(({ metrics }) => metrics))).toEqual(figures);
    expect(state).toEqual(stateOf(one));
  });

  it("leaves what shares a variable's values as it was", async () => {
    await useBackend("xla:cpu");
    const stepper = stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", xla);
    await train(stepper, 1);
    const before = stateOf(stepper);
    const clones = stepper.variables.map((v) => tf.clone(v));
    const sums = stepper.variables.map((v) => tf.add(v, 0.5)); // not computed yet
    await train(stepper, 1, { from: 1 });
    expect(clones.map((t) => t.dataSync())).toEqual(before);
    expect(sums.map((t) => t.dataSync())).toEqual(before.map((values) => values.map((v) => v + 0.5)));
    expect(stateOf(stepper)).not.toEqual(before);
    tf.dispose([...clones, ...sums]);
  });

  it("goes on from values that were read and written back with the bits of an unbroken run", async () => {
    await useBackend("xla:cpu");
    const whole = stepperOf(await smallModel("DFCVAE"), "DFCVAE", xla);
    await train(whole, 3);
    const saved = stateOf(whole);
    const figures = await train(whole, 3, { from: 3 });
    const resumed = stepperOf(await smallModel("DFCVAE"), "DFCVAE", xla);
    resumed.variables.forEach((v, i) => {
      const value = tf.tensor(saved[i]!, v.shape);
      v.assign(value);
      value.dispose();
    });
    expect(await train(resumed, 3, { from: 3 })).toEqual(figures);
    expect(stateOf(resumed)).toEqual(stateOf(whole));
  });

  it("casts and turns a frozen network's filters once, before the first step", async () => {
    await useBackend("xla:cpu");
    const { runtime } = xla.backend;
    const taking = async (filtersFirst: boolean) => {
      let text = "";
      const onStep = (given: string) => {
        text = given;
      };
      const compiler = stepCompiler(xla.backend, { filtersFirst, onStep });
      const stepper = stepperOf(await smallModel("DFCVAE"), "DFCVAE", { compiler, precision: "bfloat16" });
      const metrics = await train(stepper, 1);
      const before = runtime.runs;
      metrics.push(...(await train(stepper, 2, { from: 1 })));
      expect(runtime.runs, "programs besides the step's").toBe(before);
      const held = [...text.matchAll(/%a\d+: tensor<([\dx]+)xbf16>/g)].map(([, shape]) => shape!);
      return { metrics, held };
    };
    const [plain, turned] = [await taking(false), await taking(true)];
    expect(plain.held.filter((shape) => shape.startsWith("3x3x")).length).toBeGreaterThan(0);
    expect(turned.held.map((shape) => shape.replace(/^(\d+)x(\d+x\d+x\d+)$/, "$2x$1"))).toEqual(plain.held);
    expect(worstOf(plain.metrics, turned.metrics)).toBeLessThan(FIGURES);
  });

  it("is compiled once for all that take the same", async () => {
    await useBackend("xla:cpu");
    const { executables } = xla.backend.runtime;
    await train(stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", xla), 1);
    const before = executables.compiled;
    await train(stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", xla), 2);
    expect(executables.compiled).toBe(before);
    expect(said.some((text) => /was compiled in [\d.]+ s; it takes [\d.]+ \wB/.test(text))).toBe(true);
  });

  it("keeps neither tensors nor buffers over 100 steps", async () => {
    await useBackend("xla:cpu");
    const stepper = stepperOf(await smallModel("DFCVAE"), "DFCVAE", xla);
    await train(stepper, 3);
    const counts = () => [
      tf.memory().numTensors,
      tf.memory().numDataBuffers,
      xla.client.buffers,
      xla.client.executables,
    ];
    const before = counts();
    await train(stepper, 100, { from: 3, batch: (step) => host(step % 3) });
    expect(counts()).toEqual(before);
    expect(xla.client.uploads).toBeLessThanOrEqual(1);
  });
});
