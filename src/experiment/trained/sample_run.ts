import { givenLabels } from "../../explore/given_labels.ts";
import type { Images } from "../../explore/images.ts";
import { sample } from "../../explore/pictures.ts";
import type { Rng } from "../../rng.ts";
import type { SamplerDefinition } from "../../samplers/define.ts";
import type { OpenRun } from "./open_trained.ts";
import { openSampler } from "./sampler_files.ts";

/** How samples are drawn. */
export interface Sampling {
  /** What draws z. */
  readonly sampler: SamplerDefinition;
  /** Factor on normal noise. */
  readonly temperature: number;
  /** NAME=VALUE of labels, for a model that is conditioned on them; it chooses the others. */
  readonly label?: readonly string[] | undefined;
}

/** `count` images decoded from what a sampler draws. @throws UserError where it was not fitted, or the model has no prior */
export async function sampleRun(
  run: OpenRun,
  count: number,
  { sampler: definition, temperature, label }: Sampling,
  rng: Rng,
): Promise<Images> {
  const given = givenLabels(run.vae, label);
  const sampler = openSampler(run, definition);
  try {
    return await sample(run.vae, count, rng.fold("samples"), { temperature, given, draw: sampler.draw });
  } finally {
    sampler.dispose();
  }
}
