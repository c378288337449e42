import type { DatasetDefinition } from "../data/define.ts";
import type { ModelDefinition } from "../models/define.ts";

/** Definitions by name. */
export interface Registry<T> {
  names(): readonly string[];
  get(name: string): T | undefined;
  /** Adds one. @throws ConfigError where its name is taken. */
  register(definition: T): void;
}

export interface Registries {
  readonly models: Registry<ModelDefinition>;
  readonly datasets: Registry<DatasetDefinition>;
}

/** The project's own registries. */
export async function projectRegistries(): Promise<Registries> {
  const [models, data] = await Promise.all([import("../models/index.ts"), import("../data/index.ts")]);
  return {
    models: { names: models.modelNames, get: models.getModel, register: models.registerModel },
    datasets: { names: data.datasetNames, get: data.getDataset, register: data.registerDataset },
  };
}
