import { ConfigError } from "../errors.ts";
import BetaVAE from "./beta_vae.ts";
import ConditionalVAE from "./conditional_vae.ts";
import type { ModelDefinition } from "./define.ts";
import DFCVAE from "./dfcvae.ts";
import FactorVAE from "./factor_vae.ts";
import IWAE from "./iwae.ts";
import VanillaVAE from "./vanilla_vae.ts";
import VQVAE from "./vq_vae.ts";

/** The registry: a variant is its file and one line here. */
const models = new Map<string, ModelDefinition>();
for (const model of [VanillaVAE, DFCVAE, BetaVAE, ConditionalVAE, IWAE, FactorVAE, VQVAE])
  registerModel(model as unknown as ModelDefinition);

/** Names of all variants, those of plugins included. */
export function modelNames(): string[] {
  return [...models.keys()];
}

/** The variant of that name, if there is one. */
export function getModel(name: string): ModelDefinition | undefined {
  return models.get(name);
}

/** Adds a variant. @throws ConfigError where its name is taken. */
export function registerModel(model: ModelDefinition): void {
  if (models.has(model.name)) {
    throw new ConfigError(
      `model "${model.name}" is registered already: expected another name. Rename the plugin's.`,
    );
  }
  models.set(model.name, model);
}
