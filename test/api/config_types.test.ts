import { expectTypeOf, test } from "vitest";
import { type ConfigInput, defineConfig } from "../../src/api/define_config.ts";

declare module "../../src/api/params_by_name.ts" {
  interface ModelParamsByName {
    PluginVAE: { readonly latent_dim: number; readonly margin: number };
  }
}

// `npm run types` reads these: a line below a directive that is no error is one there.
test("the keys of a config are those of its variant and its data set", () => {
  defineConfig({
    model: "BetaVAE",
    model_params: { latent_dim: 16, beta: 2, hidden_dims: [8, 16] },
    data: "image_folder",
    data_params: { data_path: "photos", splits: { val: 0.2 }, train_batch_size: 8 },
    exp_params: { LR: 0.001, loss_weights: { kl: { value: 1, warmup_steps: 100 } } },
    trainer_params: { checkpoint: { every_n_steps: 5 }, early_stopping: {}, ema: 0.99 },
    logging_params: { image_count: 4 },
  });
  defineConfig({ model: "BetaVAE", data: "shapes3d", model_params: { loss_type: "H" } });
  defineConfig({ model: "PluginVAE", model_params: { margin: 2 } });
  defineConfig({ extends: "dfcvae.yaml", model_params: { latent_dim: 64 } });
  const input: ConfigInput<"VQVAE"> = { model: "VQVAE", model_params: { num_embeddings: 64 }, data: "mnist" };
  expectTypeOf(input).toExtend<ConfigInput>();

  // @ts-expect-error no such variant
  defineConfig({ model: "BetaVAEE" });
  // @ts-expect-error a misspelled key
  defineConfig({ model: "BetaVAE", model_params: { latent_dimm: 16 } });
  // @ts-expect-error another variant's key
  defineConfig({ model: "VanillaVAE", model_params: { beta: 2 } });
  // @ts-expect-error a value of another type
  defineConfig({ model: "BetaVAE", model_params: { beta: "2" } });
  // @ts-expect-error no value of the list
  defineConfig({ model: "BetaVAE", model_params: { loss_type: "C" } });
  // @ts-expect-error another data set's key
  defineConfig({ model: "BetaVAE", data: "mnist", data_params: { size: 60 } });
  // @ts-expect-error a misspelled key of a shared section
  defineConfig({ model: "BetaVAE", trainer_params: { max_epoch: 1 } });
  // @ts-expect-error a misspelled section
  defineConfig({ model: "BetaVAE", trainer_param: { max_epochs: 1 } });
  // @ts-expect-error a misspelled key of a plugin's
  defineConfig({ model: "PluginVAE", model_params: { margn: 2 } });
  // @ts-expect-error another variant's key, where the type is written out
  const wrong: ConfigInput<"VanillaVAE"> = { model: "VanillaVAE", model_params: { beta: 2 } };
  expectTypeOf(wrong).toExtend<ConfigInput>();
});
