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

/** A registry with all of `base`, to which one can add without changing `base`. */
export function layer<T extends { readonly name: string }>(base: Registry<T>): Registry<T> {
  const own = new Map<string, T>();
  return {
    names: () => [...base.names(), ...own.keys()],
    get: (name) => own.get(name) ?? base.get(name),
    register: (definition) => void own.set(definition.name, definition),
  };
}

/** The project's own registries. */
export async function projectRegistries(): Promise<Registries> {
  const [models, data] = await Promise.all([import("../models/registry.ts"), import("../data/registry.ts")]);
  return {
    models: { names: models.modelNames, get: models.getModel, register: models.registerModel },
    datasets: { names: data.datasetNames, get: data.getDataset, register: data.registerDataset },
  };
}

/** The project's registries, to which plugins can add for one config alone. */
export async function layeredRegistries(): Promise<Registries> {
  const { models, datasets } = await projectRegistries();
  return { models: layer(models), datasets: layer(datasets) };
}
