import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { evaluateRun } from "../../../src/experiment/evaluation/evaluate_run.ts";
import { type Fitted, fitSamplers } from "../../../src/experiment/trained/fit_samplers.ts";
import { type OpenRun, openTrained } from "../../../src/experiment/trained/open_trained.ts";
import { openSampler } from "../../../src/experiment/trained/sampler_files.ts";
import { sample } from "../../../src/explore/pictures.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { Rng } from "../../../src/rng.ts";
import { samplerNamed } from "../../../src/samplers/registry.ts";
import { tf } from "../../../src/tf.ts";
import { training } from "../../support/training.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-fit-samplers-"));
const MODELS = {
  tiny: "{name: VanillaVAE, latent_dim: 3, hidden_dims: [8, 8]}",
  codes: "{name: VQVAE, hidden_dims: [4, 8], embedding_dim: 4, num_embeddings: 16, residual_layers: 1}",
  point: "{name: WAE_MMD, latent_dim: 3, hidden_dims: [8, 8]}",
  mixed: "{name: JointVAE, latent_dim: 2, hidden_dims: [8, 8], categorical_dim: 3}",
  ladder: "{name: LVAE, latent_dims: [3, 2], hidden_dims: [8, 8]}",
  labelled: "{name: ConditionalVAE, latent_dim: 3, hidden_dims: [8, 8], labels: [shape]}",
};
const at = (name: keyof typeof MODELS) => join(root, name, "version_0");

/** Of every evaluation here. */
const EVALUATED = {
  split: "test",
  seed: 0,
  networks: [{ name: "tiny_vgg" }],
  lpips: undefined,
  baseDir: ".",
} as const;

beforeAll(async () => {
  for (const [name, model] of Object.entries(MODELS)) {
    const config = `
model_params: ${model}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 1}
logging_params: {image_count: 4, latent_count: 8, name: ${name}}
`;
    expect((await training(root, config)).error).toBeUndefined();
  }
  return () => rmSync(root, { recursive: true, force: true });
}, 120_000);

/** Opens a run, calls `use`, and closes it. */
async function withRun<T>(path: string, use: (run: OpenRun) => Promise<T>, checkpoint?: string): Promise<T> {
  const cache = cacheDir("test");
  const run = await openTrained(path, {
    backend: "wasm",
    cacheDir: cache,
    ...(checkpoint && { checkpoint }),
  });
  try {
    return await use(run);
  } finally {
    await run.close();
  }
}

async function fit(
  run: OpenRun,
  name: string,
  given: Record<string, number> = {},
  { maxImages = 100, seed = 0 } = {},
): Promise<Fitted> {
  const options = { maxImages, seed, given: new Map([[samplerNamed(name), given]]) };
  for await (const fitted of fitSamplers(run, options)) return fitted;
  throw new Error("nothing was fitted");
}

const draw = async (run: OpenRun, name: string, more = {}, count = 4) => {
  const sampler = openSampler(run, samplerNamed(name));
  const { images } = await sample(run.vae, count, Rng.fromSeed(1), { draw: sampler.draw, ...more });
  sampler.dispose();
  return images;
};

it("writes the same file for the same seed, and its draws are the same", () =>
  withRun(at("tiny"), async (run) => {
    const bytes = async (seed: number) => {
      const { file } = await fit(run, "gmm", { components: 2 }, { seed });
      return readFileSync(file);
    };
    const first = await bytes(3);
    const images = await draw(run, "gmm");
    expect((await bytes(4)).equals(first)).toBe(false);
    expect((await bytes(3)).equals(first)).toBe(true);
    expect(await draw(run, "gmm")).toEqual(images);
    expect(await draw(run, "prior")).not.toEqual(images);
    expect(await draw(run, "gmm", { temperature: 0.5 })).not.toEqual(images);
  }));

it(
  "keeps nothing in memory, and leaves the model as it was",
  () =>
    withRun(at("tiny"), async (run) => {
      const { numTensors } = tf.memory();
      const before = [...run.vae.params.values()].map(({ value }) => [...value.dataSync()]);
      for (const name of ["gmm", "flow", "two_stage"]) {
        const { numbers } = await fit(run, name, name === "gmm" ? { components: 2 } : { epochs: 1 });
        expect(Object.values(numbers).every(Number.isFinite), name).toBe(true);
        await draw(run, name);
      }
      expect(tf.memory().numTensors).toBe(numTensors);
      expect([...run.vae.params.values()].map(({ value }) => [...value.dataSync()])).toEqual(before);
    }),
  60_000,
);

it("fits the prior of codes anew, and puts the model's own back after each draw", () =>
  withRun(at("codes"), async (run) => {
    const { numbers, images } = await fit(run, "codes");
    expect([images, numbers.prior_bits_per_code]).toEqual([64, expect.any(Number)]);
    const before = [...run.vae.params.values()].map(({ value }) => [...value.dataSync()]);
    expect(await draw(run, "codes")).toHaveLength(4 * 32 * 32 * 3);
    expect([...run.vae.params.values()].map(({ value }) => [...value.dataSync()])).toEqual(before);
  }));

it("fits a PixelCNN to grids of codes, keeps nothing in memory, and decodes what it draws", () =>
  withRun(at("codes"), async (run) => {
    const { numTensors } = tf.memory();
    const few = { layers: 1, width: 8, epochs: 2, batch_size: 16 };
    const { numbers, grid, options } = await fit(run, "pixel_cnn", few);
    expect(grid).toEqual({ shape: [8, 8], values: 16 });
    expect(options).toMatchObject({ width: 8, learning_rate: 0.002 });
    expect(numbers.held_out_bits_per_code).toBeCloseTo(-numbers.held_out_log_p! / 64 / Math.LN2, 9);
    expect(numbers.held_out_bits_per_code).toBeLessThan(4.5); // 4 of uniform codes
    const images = await draw(run, "pixel_cnn");
    expect(images).toHaveLength(4 * 32 * 32 * 3);
    expect(await draw(run, "pixel_cnn")).toEqual(images);
    expect(await draw(run, "prior")).not.toEqual(images);
    const { figures } = await evaluateRun(run, { ...EVALUATED, maxImages: 16, draws: 2 }, ["frechet"]);
    expect(figures.frechet_tiny_vgg_samples_pixel_cnn).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(numTensors);
  }));

it.each(["point", "mixed"] as const)(
  "fits every density to z of a model whose posteriors are not all Gaussian: %s",
  (name) =>
    withRun(at(name), async (run) => {
      for (const sampler of ["gmm", "flow", "two_stage"]) {
        const { numbers, layout } = await fit(
          run,
          sampler,
          sampler === "gmm" ? { components: 2 } : { epochs: 1 },
        );
        expect(Object.values(numbers).every(Number.isFinite), sampler).toBe(true);
        expect("held_out_log_p_unit_gaussian" in numbers).toBe(name === "point");
        expect(layout!.size).toBe(name === "point" ? 3 : 5);
        const images = await draw(run, sampler);
        expect(images.every(Number.isFinite)).toBe(true);
        expect(await draw(run, sampler)).toEqual(images);
      }
    }),
);

it("fits the latents of a hierarchy together, and evaluate measures the model as any other", () =>
  withRun(at("ladder"), async (run) => {
    const { layout, numbers } = await fit(run, "gmm", { components: 2 });
    expect(layout!.parts.map(({ name, size }) => [name, size])).toEqual([
      ["z2", 2],
      ["z1", 3],
    ]);
    expect(Number.isFinite(numbers.held_out_log_p)).toBe(true);
    expect(await draw(run, "gmm")).not.toEqual(await draw(run, "prior"));
    const { figures, left_out } = await evaluateRun(run, { ...EVALUATED, maxImages: 32, draws: 4 }, [
      "elbo",
      "kl",
      "log_likelihood",
      "active_units",
    ]);
    expect(left_out).toEqual({});
    const parts = figures.kl_per_dim as readonly number[];
    expect(parts).toHaveLength(5);
    expect(parts.reduce((a, b) => a + b)).toBeCloseTo(figures.kl as number, 4);
    expect(figures.log_likelihood).toBeGreaterThan(figures.elbo as number);
  }));

it("draws of a conditional model with the labels given", () =>
  withRun(at("labelled"), async (run) => {
    await fit(run, "gmm", { components: 1 });
    const column = run.vae.labels!.used[0]!;
    const of = (value: number) => draw(run, "gmm", { given: new Map([[column, value]]) });
    expect(await of(0)).toEqual(await of(0));
    expect(await of(0)).not.toEqual(await of(2));
    expect(await draw(run, "gmm")).toHaveLength(4 * 32 * 32 * 3);
  }));

it("says where a sampler does not apply", async () => {
  await withRun(at("codes"), async (run) => {
    await expect(fit(run, "gmm")).rejects.toThrow(
      "--sampler gmm: expected a model whose z are numbers or values of variables, got VQVAE, whose z are codes. What is for " +
        "codes can be fitted: --sampler codes,pixel_cnn",
    );
    const given = new Map(["codes", "gmm"].map((name) => [samplerNamed(name), {}] as const));
    const both = fitSamplers(run, { maxImages: 100, seed: 0, given });
    await expect(both.next()).rejects.toThrow("--sampler gmm: expected"); // before the other is written
    await expect(draw(run, "gmm")).rejects.toThrow("--sampler gmm: expected a model whose z are numbers");
  });
  await withRun(at("tiny"), async (run) => {
    await expect(fit(run, "codes")).rejects.toThrow(
      "expected a model with a prior over codes, got VanillaVAE, which has none to fit",
    );
    await expect(fit(run, "pixel_cnn")).rejects.toThrow(
      "--sampler pixel_cnn: expected a model whose z are grids of codes, such as VQVAE, got VanillaVAE. Take another: --sampler gmm",
    );
    await expect(draw(run, "pixel_cnn")).rejects.toThrow("Take another: --sampler gmm"); // no fit that would be refused
    await expect(fit(run, "prior")).rejects.toThrow("got the model's own prior, which needs none");
  });
});

it("says what is wrong with images, options and z", () =>
  withRun(at("tiny"), async (run) => {
    await expect(fit(run, "gmm", {}, { maxImages: 5 })).rejects.toThrow(
      "expected 10 training images or more, got 5. Raise --max-images.",
    );
    await expect(fit(run, "gmm", { components: 60 })).rejects.toThrow(
      "--components: expected at most 58, the codes that there are to fit to, got 60.",
    );
    const { value } = [...run.vae.params.values()][0]!;
    tf.tidy(() => value.assign(tf.fill(value.shape, Number.NaN)));
    await expect(fit(run, "gmm")).rejects.toThrow(
      "expected a finite z of every image, got other numbers of 64 images of 64. The model has diverged",
    );
  }));

it("refuses a sampler of another checkpoint, and one that is damaged", async () => {
  const path = at("tiny");
  const { file } = await withRun(path, (run) => fit(run, "gmm", { components: 2 }), "last");
  const resumed = await training(root, "", { resume: path, set: ["trainer_params.max_epochs=2"] });
  expect(resumed.error).toBeUndefined();
  await withRun(
    path,
    async (run) => {
      expect(() => openSampler(run, samplerNamed("gmm"))).toThrow(
        `${file}: expected a sampler of last.safetensors (step 8), got one that was fitted to another checkpoint, ` +
          `last.safetensors of step 4. Fit it anew: vae fit-sampler ${path} --sampler gmm --checkpoint last.safetensors`,
      );
      const bytes = readFileSync(file);
      bytes[bytes.length - 3]! ^= 1;
      writeFileSync(file, bytes);
      expect(() => openSampler(run, samplerNamed("gmm"))).toThrow("the file is damaged. Fit it anew:");
    },
    "last",
  );
}, 60_000);
