import { UserError } from "../../errors.ts";
import { latentCodes, notFinite } from "../../explore/latent_codes.ts";
import type { Latents } from "../../explore/latents.ts";
import type { Rng } from "../../rng.ts";
import { drawCodes, holdOut, type LatentCodes, unitGaussianLogProb } from "../../samplers/codes.ts";
import type { LatentSampler } from "../../samplers/define.ts";
import { counted } from "../../text/counted.ts";
import { argsOf, completeOptions, type FitOptions, type Made, mean } from "./sampler_fit.ts";

/** Fits a density to all but a tenth of the posteriors of training images, and judges it by that tenth. */
export async function fitDensity(
  definition: LatentSampler,
  latents: Latents,
  rng: Rng,
  options: FitOptions,
): Promise<Made> {
  const { name, maxDims } = definition;
  const codes = codesOf(name, latents);
  if (maxDims !== undefined && codes.dims > maxDims)
    throw new UserError(
      `--sampler ${name}: expected a z of at most ${maxDims} dimensions, got ${codes.dims}. Take another sampler.`,
    );
  const { kept, heldOut } = holdOut(codes, rng.fold("hold out"));
  const judged = drawCodes(heldOut, rng.fold("held out"));
  const complete = completeOptions(definition, options);
  const args = argsOf(name, rng, options);
  const { state, numbers, notes } = await definition.fit(kept, judged, complete as never, args);
  const density = definition.open(state, codes.dims, complete as never);
  try {
    const logProb = mean(density.logProb(judged, rng.fold("log p")));
    return {
      state,
      of: { layout: latents.layout },
      numbers: {
        held_out_log_p: logProb,
        ...(codes.gumbel === undefined && {
          held_out_log_p_unit_gaussian: mean(unitGaussianLogProb(judged, codes.dims)),
        }),
        ...numbers,
      },
      notes: notes ?? [],
    };
  } finally {
    density.dispose();
  }
}

/** @throws UserError where they are not finite */
function codesOf(name: string, latents: Latents): LatentCodes {
  const codes = latentCodes(latents);
  const bad = notFinite(codes);
  if (bad > 0)
    throw new UserError(
      `--sampler ${name}: expected a finite z of every image, got other numbers of ${counted(bad, "image")} of ` +
        `${codes.count}. The model has diverged: take an earlier checkpoint with --checkpoint.`,
    );
  return codes;
}
