import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTrained } from "../../src/experiment/trained/open_trained.ts";
import { decodeVectors, encodeImages } from "../../src/explore/latents.ts";
import { reconstruct, sample } from "../../src/explore/pictures.ts";
import { getModel, modelNames } from "../../src/models/registry.ts";
import { packModel } from "../../src/publish/pack_model.ts";
import { Rng } from "../../src/rng.ts";
import { browserBundle } from "../support/browser_bundle.ts";
import { chromiumPath, openChromium } from "../support/chromium.ts";
import { folder } from "../support/configs.ts";
import { staticSite } from "../support/static_site.ts";
import { training } from "../support/training.ts";
import { small } from "../support/variants.ts";

/** What the page's worker does with a packed model: all that `Model` has. */
const WORKER = `
import { Model } from "./index.js";
self.onmessage = async ({ data: file }) => {
  try {
    const model = await Model.open(new Uint8Array(await (await fetch(file)).arrayBuffer()));
    const originals = model.originals();
    const { place, z } = await model.encode(originals, 5);
    const conditions = model.card.conditions && originals.labels;
    const labels = new Map((model.card.conditions ?? []).map((column) => [column, originals.labels[column]]));
    const answer = {
      device: model.device,
      place: [...place],
      z: [...z],
      decoded: [...(await model.decode(model.places(), conditions)).images],
      reconstructed: [...(await model.reconstruct(originals)).images],
      samples: model.vae.sample ? [...(await model.sample(3, { seed: 7, labels })).images] : [],
    };
    model.dispose();
    postMessage(answer);
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
`;

/** Trains in a page's worker on images that it is given. */
const TRAINER = `
import { giveNetworkWeights, train } from "./index.js";
self.onmessage = async ({ data: { network, ...options } }) => {
  try {
    giveNetworkWeights("tiny_vgg", network);
    const totals = [];
    const trained = await train({ ...options, onStep: (step, { total }) => void totals.push(total) });
    postMessage({ totals, steps: trained.steps });
  } catch (error) {
    postMessage({ error: error.message, name: error.name });
  }
};
`;

/** How many numbers differ. */
const differences = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length ? a.filter((x, i) => !Object.is(x, b[i])).length : Infinity;

/** Numbers of a packed model's use. */
interface Used {
  readonly error?: string;
  readonly device: string;
  readonly place: number[];
  readonly z: number[];
  readonly decoded: number[];
  readonly reconstructed: number[];
  readonly samples: number[];
}

const IMAGES = 4;

describe.skipIf(chromiumPath() === undefined)("in Chromium", () => {
  const root = folder({});
  let browser: Browser;
  let isolated: Page;
  let plain: Page;
  beforeAll(async () => {
    await browserBundle(join(root, "index.js"));
    writeFileSync(join(root, "worker.js"), WORKER);
    writeFileSync(join(root, "trainer.js"), TRAINER);
    writeFileSync(join(root, "index.html"), "<!doctype html><title>models</title>");
    browser = (await openChromium())!;
    isolated = await browser.newPage();
    await isolated.goto(await staticSite(root, { isolated: true }));
    plain = await browser.newPage();
    await plain.goto(await staticSite(root, { isolated: false }));
  });
  afterAll(() => browser?.close());

  const use = (page: Page, file: string) =>
    page.evaluate(
      (name) =>
        new Promise<Used>((resolve) => {
          const worker = new Worker("worker.js", { type: "module" });
          worker.onmessage = ({ data }) => {
            worker.terminate();
            resolve(data);
          };
          worker.postMessage(name);
        }),
      file,
    );

  /** A model of the variant after one step, packed, and what Node makes of it. */
  async function packed(name: string): Promise<{ file: string; expected: Omit<Used, "device" | "error"> }> {
    const config = JSON.stringify({
      model_params: { name, ...small(getModel(name)!) },
      data_params: { name: "shapes3d", size: 64, patch_size: 32, train_batch_size: 8, val_limit: 8 },
      trainer_params: { max_steps: 1 },
      logging_params: { image_count: 1, latent_count: 0, histogram_every_n_steps: 0, name },
    });
    const { folder: run, error } = await training(root, config);
    if (error !== undefined) throw error;
    const opened = await openTrained(run.path, { backend: "wasm" });
    const { vae } = opened;
    const model = await packModel(opened, { images: IMAGES, originals: IMAGES, title: name });
    writeFileSync(join(root, `${name}.safetensors`), model);
    const images = await (await opened.loader("val")).spread(IMAGES);
    const seed = opened.config.exp_params.manual_seed;
    const { place, z, layout } = await encodeImages(vae, images, Rng.fromSeed(5).fold("encode"));
    const rng = Rng.fromSeed(seed).fold("decode");
    const made = await reconstruct(vae, images, Rng.fromSeed(seed).fold("reconstruct"));
    // Of a conditional model all labels: which come together is drawn of the training images, which a page has not.
    const given = new Map((vae.labels?.used ?? []).map((column) => [column, images.labels![column]!]));
    const decoded = await decodeVectors(vae, layout, place, { rng, labels: vae.labels && images.labels });
    const samples = vae.sample && (await sample(vae, 3, Rng.fromSeed(7).fold("samples"), { given }));
    const expected = {
      place: [...place],
      z: [...z],
      decoded: [...decoded.images],
      reconstructed: [...made.images],
      samples: [...(samples?.images ?? [])],
    };
    await opened.close();
    return { file: `${name}.safetensors`, expected };
  }

  it.each(modelNames())("%s gives the bits of Node", async (name) => {
    const { file, expected } = await packed(name);
    const used = await use(isolated, file);
    expect(used.error).toBeUndefined();
    expect(used.device).toMatch(/WebAssembly, \d+ thread/);
    for (const what of ["place", "z", "decoded", "reconstructed", "samples"] as const)
      expect(differences(used[what], expected[what]), what).toBe(0);
  });

  it("gives them on one thread where the page is not isolated", async () => {
    const used = await use(plain, "VanillaVAE.safetensors");
    expect(used.device).toMatch(/1 thread,/);
    const threaded = await use(isolated, "VanillaVAE.safetensors");
    expect({ ...used, device: "" }).toEqual({ ...threaded, device: "" });
  });

  /** What a page's worker makes of training by these options on the images in `file`. */
  const trainIn = (page: Page, file: string, options: object) =>
    page.evaluate(
      async ([name, given]) => {
        const read = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
        const images = await read(name);
        const worker = new Worker("trainer.js", { type: "module" });
        const answer = new Promise<{ totals?: number[]; error?: string; name?: string }>((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
        });
        const data = { images, shape: [Math.floor(images.length / (3 * 32 * 32)), 32, 32, 3] };
        worker.postMessage({ ...given, data, network: await read("tiny_vgg.safetensors") });
        return answer.finally(() => worker.terminate());
      },
      [file, options] as const,
    );

  it.each<[name: string, loss_weights: object]>([
    ["VanillaVAE", {}],
    ["DFCVAE", {}],
    ["DFCVAE", { features: { value: 0.5, delay_steps: 0.5 } }], // a share of the 7 steps
    ["FactorVAE", {}],
    ["VQVAE", {}],
  ])("trains %s with the totals of vae run, its weights %j", async (name, loss_weights) => {
    const model_params = { name, ...small(getModel(name)!) };
    const exp_params = { LR: 0.002, scheduler: "cosine", loss_weights };
    const config = JSON.stringify({
      model_params,
      exp_params,
      data_params: { name: "shapes3d", size: 40, patch_size: 32, train_batch_size: 8, val_limit: 8 },
      trainer_params: { max_steps: 7, log_every_n_steps: 1 },
      logging_params: {
        image_count: 1,
        latent_count: 0,
        histogram_every_n_steps: 0,
        name: `trained ${name}`,
      },
    });
    const { folder: run, error } = await training(root, config, {
      change: ({ dataset }) => {
        const { train } = dataset.splits;
        given = train.read(Array.from({ length: train.size }, (_, i) => i)).then(({ images }) => images);
      },
    });
    expect(error).toBeUndefined();
    writeFileSync(join(root, "images"), await given!);
    copyFileSync(
      new URL("../../assets/tiny_vgg.safetensors", import.meta.url),
      join(root, "tiny_vgg.safetensors"),
    );
    const [header, ...rows] = readFileSync(join(run.path, "metrics.csv"), "utf8").trim().split("\n");
    const column = header!.split(",").indexOf("train/total");
    const expected = rows.map((row) => row.split(",")[column]!).filter((cell) => cell !== "");
    const trained = await trainIn(isolated, "images", { model_params, exp_params, batchSize: 8, steps: 7 });
    expect(trained.error).toBeUndefined();
    expect(trained.totals!.map((total) => Number(total.toPrecision(6)))).toEqual(
      expected.map((cell) => Number(Number(cell).toPrecision(6))),
    );
  });
  let given: Promise<Uint8Array> | undefined;

  it("says which settings can't be", async () => {
    writeFileSync(join(root, "images"), new Uint8Array(3 * 32 * 32));
    const said = async (model_params: object, exp_params = {}) =>
      (await trainIn(plain, "images", { model_params, exp_params, steps: 1 })).error;
    expect(await said({ name: "VanilaVAE" })).toMatch(
      /model_params.name: expected one of .* Did you mean "VanillaVAE"/,
    );
    expect(await said({ name: "VanillaVAE", latent_dimm: 3 })).toMatch(
      /unknown key "latent_dimm".* Did you mean "latent_dim"/,
    );
    expect(await said({ name: "VanillaVAE", latent_dim: 0 })).toMatch(/^model_params.latent_dim: /);
    expect(await said({ name: "VanillaVAE" }, { LR: "fast" })).toMatch(/^exp_params.LR: /);
  });

  it("says so where there are no images, or bytes that are none", async () => {
    const said = async (bytes: number) => {
      writeFileSync(join(root, "images"), new Uint8Array(bytes));
      const model_params = { name: "VanillaVAE" };
      const { name, error } = await trainIn(plain, "images", { model_params, steps: 1 });
      return [name, error];
    };
    expect(await said(0)).toEqual(["ShapeError", expect.stringContaining("1 or more each, got [0,32,32,3]")]);
    expect(await said(3100)).toEqual([
      "ShapeError",
      "data.images: expected 3072 numbers, [1, 32, 32, 3], got 3100.",
    ]);
  });

  it("says what is wrong with a file that is no model", async () => {
    writeFileSync(join(root, "no.safetensors"), "no model at all");
    const { error } = await use(plain, "no.safetensors");
    expect(error).toMatch(/DataError|no safetensors file/);
  });
});
