import { ConfigError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import codesPrior from "./codes_prior.ts";
import type { SamplerDefinition } from "./define.ts";
import flow from "./flow.ts";
import gmm from "./gmm.ts";
import pixelCnn from "./pixel_cnn.ts";
import prior from "./prior.ts";
import twoStage from "./two_stage.ts";

/** All samplers, in the order of tables: one file each, and one line here. */
export const samplers: readonly SamplerDefinition[] = [prior, gmm, flow, twoStage, codesPrior, pixelCnn];

export const samplerNames: readonly string[] = samplers.map(({ name }) => name);

/** The sampler of a name. @throws ConfigError */
export function samplerNamed(name: string): SamplerDefinition {
  const found = samplers.find((sampler) => sampler.name === name);
  if (found) return found;
  const knownAs = Object.fromEntries(samplers.map((sampler) => [sampler.name, sampler.knownAs ?? []]));
  throw new ConfigError(
    `--sampler: expected one of ${samplerNames.join(", ")}, got "${name}".${didYouMean(name, samplerNames, knownAs)}`,
  );
}
