import type { ExpParams, LoggingParams, LossWeight, TrainerParams } from "../config/schema.ts";
import type { DataParamsByName, ModelParamsByName } from "./params_by_name.ts";

/** Name of a variant. */
export type ModelName = keyof ModelParamsByName;

/** Name of a data set. */
export type DataName = keyof DataParamsByName;

/** A section as one writes it: what is left out has a default. */
export type Written<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Written<T[K]> | undefined }
    : T;

/** The sections of a config besides those of its model and its data. */
interface WrittenSections {
  /** YAML files that it is laid over, the last over those before; relative to `baseDir`. */
  readonly extends?: string | readonly string[] | undefined;
  readonly exp_params?: WrittenExpParams | undefined;
  readonly trainer_params?: Written<TrainerParams> | undefined;
  readonly logging_params?: Written<LoggingParams> | undefined;
  /** Files that register variants or data sets of your own; relative to `baseDir`. */
  readonly plugins?: readonly string[] | undefined;
}

type WrittenExpParams = Written<Omit<ExpParams, "loss_weights">> & {
  readonly loss_weights?: Readonly<Record<string, LossWeight>> | undefined;
};

interface WrittenModel<Model extends ModelName> {
  /** The variant; left out, that of what the config extends. */
  readonly model?: Model | undefined;
  readonly model_params?: Written<ModelParamsByName[Model]> | undefined;
}

interface WrittenData<Data extends DataName> {
  /** The data set; left out, that of what the config extends, else the variant's default. */
  readonly data?: Data | undefined;
  readonly data_params?: Written<DataParamsByName[Data]> | undefined;
}

/**
 * A config as a program writes it: the sections and keys of the YAML files (docs/config.md), with the names of the variant
 * and the data set beside their parameters, by which these are typed: `ConfigInput<"BetaVAE">`.
 */
export type ConfigInput<
  Model extends ModelName = ModelName,
  Data extends DataName = DataName,
> = WrittenModel<Model> & WrittenData<Data> & WrittenSections;

/**
 * The config itself, its keys checked by the compiler: a misspelled one, or one of another variant, is a type error.
 *
 * ```ts
 * const config = defineConfig({
 *   model: "BetaVAE",
 *   model_params: { latent_dim: 16, beta: 2 },
 *   data: "image_folder",
 *   data_params: { data_path: "photos", patch_size: 32 },
 * });
 * ```
 */
export function defineConfig<Model extends ModelName = ModelName, Data extends DataName = DataName>(
  config: ConfigInput<Model, Data>,
): ConfigInput<Model, Data> {
  return config;
}
