import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { training } from "../../support/training.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-fitted-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const config = (model: string, size = 96) => `
model_params: {name: ${model}, hidden_dims: [4, 8, 8]}
data_params: {name: shapes3d, size: ${size}, patch_size: 32, train_batch_size: 16, val_limit: 8}
trainer_params: {max_steps: 2}
logging_params: {name: fitted, image_count: 4, latent_count: 0, fitted_samples: true}
`;

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
    ["codes", config("VQVAE, num_embeddings: 8, embedding_dim: 4")],
    ["numbers above 0", config("GammaVAE, latent_dim: 4")],
    ["images too few for one Gaussian", config("VanillaVAE, latent_dim: 4", 16)],
  ])("are left out where none can be fitted: to %s", async (_, text) => {
    const { error, folder } = await training(root, text);
    expect(error).toBeUndefined();
    expect(existsSync(folder.fittedSamples)).toBe(false);
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
