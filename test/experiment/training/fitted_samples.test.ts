import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { fittedSamples } from "../../../src/experiment/training/fitted_samples.ts";
import { prepare } from "../../../src/experiment/training/prepare.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { vae } from "../../support/cli.ts";
import { training } from "../../support/training.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-fitted-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const config = (model: string, size = 96) => `
model_params: {name: ${model}, hidden_dims: [4, 8, 8]}
data_params: {name: shapes3d, size: ${size}, patch_size: 32, train_batch_size: 16, val_limit: 8}
trainer_params: {max_steps: 2}
logging_params: {name: fitted, image_count: 4, latent_count: 0, fitted_samples: true}
`;

const LARGE = config("AutoencoderTiny").replace(
  "hidden_dims: [4, 8, 8]",
  "block_out_channels: 4, latent_channels: 20, num_encoder_blocks: [1, 1], num_decoder_blocks: [1, 1]",
);

describe("samples of a mixture fitted at each validation", () => {
  it("are beside those of the prior, other ones, and the same from the same run", async () => {
    const runs = [];
    for (let n = 0; n < 2; n++) runs.push(await training(root, config("VanillaVAE, latent_dim: 4")));
    const [first, second] = runs.map(({ error, folder }) => {
      expect(error).toBeUndefined();
      expect(readdirSync(folder.fittedSamples)).toEqual(readdirSync(folder.samples));
      const [name] = readdirSync(folder.fittedSamples);
      return [folder.fittedSamples, folder.samples].map((path) => readFileSync(join(path, name!)));
    });
    const [fitted, prior] = await Promise.all(
      first!.map((png) => sharp(png).raw().toBuffer({ resolveWithObject: true })),
    );
    expect(fitted!.info).toEqual(prior!.info);
    expect(fitted!.data.equals(prior!.data)).toBe(false);
    expect(second).toEqual(first);
  });

  it.each([
    ["codes", config("VQVAE, num_embeddings: 8, embedding_dim: 4"), "its z are codes"],
    ["numbers above 0", config("GammaVAE, latent_dim: 4"), "its z are numbers above 0"],
    ["a large grid", LARGE, "its z has 5120 dimensions, more than 1024"],
    [
      "images too few for one Gaussian",
      config("VanillaVAE, latent_dim: 4", 16),
      "there are 16 training images, fewer than 20",
    ],
  ])("are left out where none can be fitted, which one image shows: to %s", async (_, text, why) => {
    const file = join(root, "left_out.yaml");
    writeFileSync(file, text);
    await useBackend("wasm");
    const prepared = await prepare({ ...(await loadConfig(file)), cacheDir: cacheDir("test") });
    const { vae: model } = prepared;
    let seen = 0;
    const encode: typeof model.encode = (images, ctx) => {
      seen += images.shape[0];
      return model.encode(images, ctx);
    };
    expect([await fittedSamples({ ...prepared, vae: { ...model, encode } }, 4), seen]).toEqual([why, 1]);
    await prepared.close();
  });

  it("are said to be left out once", async () => {
    writeFileSync(join(root, "codes.yaml"), config("VQVAE, num_embeddings: 8, embedding_dim: 4"));
    const set = ["trainer_params.max_steps=12", `logging_params.save_dir=${join(root, "told")}`];
    const args = ["run", "codes.yaml", "--backend", "wasm", ...set.flatMap((value) => ["--set", value])];
    const { stdout } = await vae(args, { cwd: root });
    expect(existsSync(join(root, "told/fitted/version_0/FittedSamples"))).toBe(false);
    expect(stdout.match(/note {3}no FittedSamples.*/g)).toEqual([
      "note   no FittedSamples: a mixture of Gaussians can't be fitted to VQVAE, its z are codes",
    ]);
  });

  it("are those of labels, of mixed variables, and of several latents", async () => {
    for (const model of [
      "ConditionalVAE, latent_dim: 4",
      "JointVAE, latent_dim: 4, categorical_dim: 3",
      "HVAE, latent1_dim: 4, latent2_dim: 4",
    ]) {
      const { error, folder } = await training(root, config(model));
      expect(error, model).toBeUndefined();
      expect(readdirSync(folder.fittedSamples), model).toHaveLength(1);
    }
  });
});
