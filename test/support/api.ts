import { defineConfig } from "../../src/api/define_config.ts";

/** A config that trains in a moment: two steps an epoch. */
export const tinyConfig = (saveDir: string) =>
  defineConfig({
    model: "VanillaVAE",
    model_params: { latent_dim: 4, hidden_dims: [8, 8] },
    data: "shapes3d",
    data_params: { size: 16, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 16 },
    trainer_params: { max_epochs: 3, log_every_n_steps: 1 },
    logging_params: { save_dir: saveDir, image_count: 4, latent_count: 0, histogram_every_n_steps: 0 },
  });
