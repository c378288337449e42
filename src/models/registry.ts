import { ConfigError } from "../errors.ts";
import AutoencoderKL from "./autoencoder_kl.ts";
import AutoencoderTiny from "./autoencoder_tiny.ts";
import BetaTCVAE from "./beta_tc_vae.ts";
import BetaVAE from "./beta_vae.ts";
import CategoricalVAE from "./categorical_vae.ts";
import ConditionalVAE from "./conditional_vae.ts";
import type { ModelDefinition } from "./define.ts";
import DFCVAE from "./dfcvae.ts";
import DIPVAE from "./dip_vae.ts";
import FactorVAE from "./factor_vae.ts";
import GammaVAE from "./gamma_vae.ts";
import HVAE from "./hvae.ts";
import InfoVAE from "./info_vae.ts";
import IWAE from "./iwae.ts";
import JointVAE from "./joint_vae.ts";
import LogCoshVAE from "./log_cosh_vae.ts";
import LVAE from "./lvae.ts";
import MIWAE from "./miwae.ts";
import MSSIMVAE from "./mssim_vae.ts";
import SWAE from "./swae.ts";
import TwoStageVAE from "./two_stage_vae.ts";
import VampVAE from "./vamp_vae.ts";
import VanillaVAE from "./vanilla_vae.ts";
import VQVAE from "./vq_vae.ts";
import WAE_MMD from "./wae_mmd.ts";

/** The registry: a variant is its file and one line here. */
const models = new Map<string, ModelDefinition>();
const own = [
  VanillaVAE,
  DFCVAE,
  BetaVAE,
  BetaTCVAE,
  ConditionalVAE,
  IWAE,
  MIWAE,
  FactorVAE,
  DIPVAE,
  InfoVAE,
  WAE_MMD,
  SWAE,
  LogCoshVAE,
  MSSIMVAE,
  VampVAE,
  GammaVAE,
  TwoStageVAE,
  HVAE,
  LVAE,
  CategoricalVAE,
  JointVAE,
  VQVAE,
  AutoencoderKL,
  AutoencoderTiny,
] as const;
for (const model of own) registerModel(model as unknown as ModelDefinition);

/** The project's own variants. */
export type OwnModel = (typeof own)[number];

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
