import type { DatasetDefinition } from "../data/define.ts";
import { conventionOf, natWeightOf } from "../models/convention.ts";
import type { Given, ModelDefinition } from "../models/define.ts";
import { expandHome } from "../process/home_folder.ts";
import type { Config } from "./schema.ts";

/** Epochs where a config gives neither max_epochs nor max_steps. */
const EPOCHS = 10;

/** Lowest and highest value of the images that the model sees. */
export function imageRangeOf({ data_params }: Config): readonly [number, number] {
  return data_params.image_range === "signed" ? [-1, 1] : [0, 1];
}

/** What a config tells a model of its run, before any data are opened. */
export function givenBy(config: Config, dataset: DatasetDefinition): Given {
  return {
    convention: conventionOf(config.exp_params),
    natWeight: natWeightOf(config.exp_params),
    imageRange: imageRangeOf(config),
    imageShape: dataset.imageShape?.(config.data_params),
    isUnlabelled: dataset.isUnlabelled?.(config.data_params) ?? false,
  };
}

/**
 * A config that fits its schemas with the defaults that no schema holds, because they depend on other keys: so that it
 * says every value of the run, and nothing fills in one later.
 */
export function complete(config: Config, model: ModelDefinition, dataset: DatasetDefinition): Config {
  const { model_params, data_params, exp_params, trainer_params, logging_params } = config;
  const { name, ...params } = model_params;
  const reconstruction = conventionOf(exp_params);
  const [side, width] = dataset.imageShape?.(data_params) ?? [];
  return {
    ...config,
    model_params: { name, ...(model.complete?.(params as never) ?? params) },
    data_params: { ...data_params, ...(side !== undefined && side === width && { patch_size: side }) },
    exp_params: {
      ...exp_params,
      reconstruction,
      ...(reconstruction === "pixel_mean" && { kld_weight: natWeightOf(exp_params) }),
    },
    trainer_params: {
      ...trainer_params,
      ...(trainer_params.max_epochs === undefined &&
        trainer_params.max_steps === undefined && { max_epochs: EPOCHS }),
      ...(typeof trainer_params.ema === "number" && { ema: { decay: trainer_params.ema } }),
    },
    logging_params: {
      ...logging_params,
      save_dir: expandHome(logging_params.save_dir, "logging_params.save_dir"),
      name: logging_params.name ?? name,
    },
  };
}
