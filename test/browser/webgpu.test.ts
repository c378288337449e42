import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FACTORS } from "../../src/data/shapes3d/factors.ts";
import { renderShapes3d } from "../../src/data/shapes3d/render.ts";
import { openTrained } from "../../src/experiment/trained/open_trained.ts";
import { getModel } from "../../src/models/registry.ts";
import { packModel } from "../../src/publish/pack_model.ts";
import { Rng } from "../../src/rng.ts";
import { allTests } from "../support/all_tests.ts";
import { browserBundle, webgpuFile } from "../support/browser_bundle.ts";
import { openChromium } from "../support/chromium.ts";
import { vae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";
import { staticSite } from "../support/static_site.ts";
import { training } from "../support/training.ts";
import { STEP_KINDS, small } from "../support/variants.ts";
import { webgpuChromium } from "../support/webgpu.ts";

const browser = await webgpuChromium();
afterAll(() => browser?.close());

/** All of them take minutes, most of which SwiftShader compiles shaders. */
const VARIANTS = allTests ? STEP_KINDS : ["VQVAE"];

/** Of images in [0, 1]: a byte's worth is 0.004. */
const ALIKE = 1e-4;

/** A page's worker: what is done by name, on what came before; it can take the GPU away. */
const WORKER = `
import { giveNetworkWeights, Model, train } from "./index.js";

const devices = [];
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (...args) {
  devices.push(await requestDevice.apply(this, args));
  return devices.at(-1);
};
const read = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const destroy = () => devices.at(-1).destroy();
const said = [];
const say = (sentence) => void said.push(sentence);
const measured = new Map();
const models = {};
let file;

const does = {
  async train({ destroyAt, data, ...options }) {
    said.length = 0;
    giveNetworkWeights("tiny_vgg", await read("tiny_vgg.safetensors"));
    const [images, labels] = [await read("images"), new Float32Array((await read("labels")).buffer)];
    const totals = [];
    const onStep = (step, { total }) => {
      totals.push(total);
      if (step === destroyAt && totals.length === step) destroy();
    };
    const trained = await train({ ...options, data: { ...data, images, labels }, measured, say, onStep });
    file = await trained.pack("trained");
    const { backend, device, steps } = trained;
    trained.dispose();
    return { totals, backend, device, steps, said: [...said] };
  },
  async open({ url, backend }) {
    said.length = 0;
    const bytes = url ? await read(url) : file;
    models[backend]?.dispose();
    const model = (models[backend] = await Model.open(bytes, { backend, measured, say }));
    return { backend: model.backend, device: model.device, said: [...said], measured: [...measured] };
  },
  async use({ backend, sampler }) {
    said.length = 0;
    const model = models[backend];
    const originals = model.originals();
    const conditions = model.card.conditions;
    const labels = new Map((conditions ?? []).map((column) => [column, originals.labels[column]]));
    const { place, z } = await model.encode(originals, 5);
    const samples = model.vae.sample && (await model.sample(3, { seed: 7, labels, sampler }));
    const values = {
      place: [...place],
      z: [...z],
      decoded: [...(await model.decode(model.places(), conditions && model.labels())).images],
      reconstructed: [...(await model.reconstruct(originals)).images],
      samples: [...(samples?.images ?? [])],
    };
    return { values, backend: model.backend, device: model.device, said: [...said] };
  },
  destroy,
  pretendGpu() {
    Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
  },
};
self.onmessage = async ({ data: [name, args] }) => {
  try {
    postMessage([null, await does[name](args ?? {})]);
  } catch (error) {
    postMessage([error.name + ": " + error.message]);
  }
};
`;

interface Answer {
  readonly totals: number[];
  readonly backend: string;
  readonly device: string;
  readonly steps: number;
  readonly said: string[];
  readonly measured: [string, { wasm: number; webgpu: number }][];
  readonly values: Record<"place" | "z" | "decoded" | "reconstructed" | "samples", number[]>;
}

const COUNT = 16;

describe.skipIf(browser === undefined)("by WebGPU in Chromium (SwiftShader)", () => {
  const root = folder({});
  const labels = labelsOf(COUNT);
  let url: string;
  let page: Page;
  beforeAll(async () => {
    await browserBundle(join(root, "index.js"));
    await webgpuFile(root);
    writeFileSync(join(root, "worker.js"), WORKER);
    writeFileSync(join(root, "index.html"), "<!doctype html><title>models</title>");
    writeFileSync(join(root, "images"), renderShapes3d(labels, 32));
    writeFileSync(join(root, "labels"), new Uint8Array(labels.buffer));
    const network = new URL("../../assets/tiny_vgg.safetensors", import.meta.url);
    copyFileSync(network, join(root, "tiny_vgg.safetensors"));
    url = await staticSite(root, { isolated: true });
    page = await startPage();
  });

  /** A page with a worker of its own. */
  async function startPage(by = browser!): Promise<Page> {
    const made = await by.newPage();
    await made.goto(url);
    await made.evaluate(() => {
      const worker = new Worker("worker.js", { type: "module" });
      Object.assign(globalThis, {
        ask: (message: unknown) =>
          new Promise((resolve) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.postMessage(message);
          }),
      });
    });
    return made;
  }

  /** What the worker answers. @throws Error of it */
  async function ask(from: Page, name: string, args: object = {}): Promise<Answer> {
    const message = [name, args] as const;
    const [error, answer] = await from.evaluate(
      (given) => (globalThis as unknown as { ask(m: unknown): Promise<[string, Answer]> }).ask(given),
      message,
    );
    if (error !== null) throw new Error(error);
    return answer;
  }

  const trainingOf = (name: string, more = {}) => ({
    model_params: { name, ...small(getModel(name)!) },
    exp_params: { LR: 0.002 },
    data: {
      shape: [COUNT, 32, 32, 3],
      labelColumns: FACTORS.map(([label, values]) => ({ name: label, values })),
    },
    batchSize: 8,
    steps: 3,
    ...more,
  });

  const worst = (a: readonly number[], b: readonly number[]) =>
    a.length === b.length ? a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0) : Infinity;

  it.each(VARIANTS)("%s is trained, encoded, decoded and drawn from as on wasm", async (name) => {
    const expected = await ask(page, "train", trainingOf(name, { backend: "wasm" }));
    const trained = await ask(page, "train", trainingOf(name, { backend: "webgpu" }));
    expect([trained.backend, trained.said]).toEqual(["webgpu", []]);
    expect(trained.device).toMatch(/^WebGPU, google swiftshader \(no GPU/);
    for (const [step, total] of expected.totals.entries())
      expect(Math.abs(trained.totals[step]! / total - 1), `step ${step + 1}`).toBeLessThan(1e-5);
    const used: Answer[] = [];
    for (const backend of ["wasm", "webgpu"]) {
      expect((await ask(page, "open", { backend })).backend).toBe(backend);
      used.push(await ask(page, "use", { backend }));
    }
    for (const what of ["place", "z", "decoded", "reconstructed", "samples"] as const)
      expect(worst(used[0]!.values[what], used[1]!.values[what]), what).toBeLessThan(ALIKE);
  });

  it.runIf(allTests)("draws from fitted samplers as on wasm", async () => {
    const config = JSON.stringify({
      model_params: { name: "VanillaVAE", ...small(getModel("VanillaVAE")!) },
      data_params: { name: "shapes3d", size: 64, patch_size: 32, train_batch_size: 8, val_limit: 8 },
      trainer_params: { max_steps: 1 },
      logging_params: { image_count: 1, latent_count: 0, histogram_every_n_steps: 0, name: "fitted" },
    });
    const { folder: run, error } = await training(root, config);
    expect(error).toBeUndefined();
    for (const sampler of ["gmm", "flow"])
      expect((await vae(["fit-sampler", run.path, "--sampler", sampler])).code).toBe(0);
    const opened = await openTrained(run.path, { backend: "wasm" });
    const model = await packModel(opened, { images: 4, originals: 4, title: "fitted" });
    await opened.close();
    writeFileSync(join(root, "fitted.safetensors"), model);
    for (const sampler of ["gmm", "flow"]) {
      const drawn: number[][] = [];
      for (const backend of ["wasm", "webgpu"]) {
        await ask(page, "open", { url: "fitted.safetensors", backend });
        drawn.push((await ask(page, "use", { backend, sampler })).values.samples);
      }
      expect(worst(drawn[0]!, drawn[1]!), sampler).toBeLessThan(ALIKE);
    }
  });

  it("auto takes wasm where WebGPU is software, and where it is a GPU the one that is measured to be faster, once", async () => {
    const other = await startPage();
    await ask(other, "train", trainingOf("VanillaVAE", { steps: 1 }));
    const software = await ask(other, "open", { backend: "auto" });
    expect(software).toMatchObject({
      backend: "wasm",
      said: ["wasm computes: WebGPU is software here (google swiftshader)."],
      measured: [],
    });
    await ask(other, "pretendGpu");
    const raced = await ask(other, "open", { backend: "auto" });
    const [[, times]] = raced.measured as [[string, { wasm: number; webgpu: number }]];
    const faster = times.wasm <= times.webgpu ? "wasm" : "webgpu";
    expect(raced.backend).toBe(faster);
    expect(raced.said).toEqual([
      expect.stringMatching(`^${faster} computes: a decode takes .* ms on wasm, `),
    ]);
    expect((await ask(other, "open", { backend: "auto" })).measured).toEqual(raced.measured);
    await other.close();
  });

  it("a model whose GPU is lost goes on by wasm, with its bits, and says so", async () => {
    const other = await startPage();
    await ask(other, "train", trainingOf("VanillaVAE", { steps: 1 }));
    await ask(other, "open", { backend: "wasm" });
    const expected = await ask(other, "use", { backend: "wasm" });
    await ask(other, "open", { backend: "webgpu" });
    await ask(other, "use", { backend: "webgpu" });
    await ask(other, "destroy");
    const after = await ask(other, "use", { backend: "webgpu" });
    expect(after).toEqual({
      ...expected,
      said: [expect.stringMatching(/^the GPU was lost.*\. wasm computes from here on\.$/)],
    });
    await expect(ask(other, "open", { backend: "webgpu" })).rejects.toThrow("GpuError: the GPU was lost");
    await other.close();
  });

  it("training whose GPU is lost begins again by wasm, and says so", async () => {
    const expected = await ask(page, "train", trainingOf("VanillaVAE"));
    const other = await startPage();
    const lost = await ask(other, "train", trainingOf("VanillaVAE", { backend: "webgpu", destroyAt: 2 }));
    expect(lost).toMatchObject({ backend: "wasm", steps: 3 });
    expect(lost.said).toEqual([
      expect.stringMatching(/^the GPU was lost.*\. Training begins again, on wasm\.$/),
    ]);
    expect(lost.totals.slice(2)).toEqual(expected.totals);
    await other.close();
  });

  it("says so where the browser has none, and auto takes wasm", async () => {
    const plain = (await openChromium())!;
    const other = await startPage(plain);
    await ask(other, "train", trainingOf("VanillaVAE", { steps: 1 }));
    await expect(ask(other, "open", { backend: "webgpu" })).rejects.toThrow(
      "EngineError: backend webgpu: expected a browser that offers a GPU to this page, got none. Take wasm.",
    );
    expect(await ask(other, "open", { backend: "auto" })).toMatchObject({ backend: "wasm", said: [] });
    await plain.close();
  });
});

/** Values of the factors of scenes, packed [count, factors]. */
function labelsOf(count: number): Float32Array {
  const rng = Rng.fromSeed(0);
  const columns = FACTORS.map(([, values], f) =>
    rng
      .fold(f)
      .uniformArray(count)
      .map((u) => Math.floor(u * values)),
  );
  return Float32Array.from({ length: count * FACTORS.length }, (_, i) => {
    return columns[i % FACTORS.length]![Math.floor(i / FACTORS.length)]!;
  });
}
