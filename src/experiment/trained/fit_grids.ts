import type { Latents } from "../../explore/latents.ts";
import type { Rng } from "../../rng.ts";
import { heldOutPlaces } from "../../samplers/codes.ts";
import type { CodeGrids, GridSampler } from "../../samplers/define.ts";
import type { OpenRun } from "./open_trained.ts";
import { argsOf, completeOptions, type FitOptions, type Made, mean } from "./sampler_fit.ts";

/** Fits a probability of grids of codes to those of all but a tenth of the training images, and judges it by that tenth. */
export async function fitGrids(
  run: OpenRun,
  definition: GridSampler,
  latents: Latents,
  rng: Rng,
  options: FitOptions,
): Promise<Made> {
  const { name } = definition;
  const grids = gridsOf(run, latents);
  const places = grids.shape[0] * grids.shape[1];
  const split = heldOutPlaces(grids.count, rng.fold("hold out"));
  const some = (images: Int32Array) => {
    const data = new Int32Array(images.length * places);
    images.forEach((image, n) => {
      data.set(grids.data.subarray(image * places, (image + 1) * places), n * places);
    });
    return data;
  };
  const heldOut = some(split.heldOut);
  const kept = { ...grids, count: split.kept.length, data: some(split.kept) };
  const complete = completeOptions(definition, options) as never;
  const args = argsOf(name, rng, options);
  const { state, numbers, notes } = await definition.fit(kept, heldOut, complete, args);
  const density = definition.open(state, grids, complete);
  try {
    const logProb = mean(density.logProb(heldOut));
    return {
      state,
      of: { grid: { shape: grids.shape, values: grids.values } },
      numbers: {
        held_out_log_p: logProb,
        held_out_bits_per_code: -logProb / places / Math.LN2,
        ...numbers,
      },
      notes: notes ?? [],
    };
  } finally {
    density.dispose();
  }
}

function gridsOf({ vae }: OpenRun, { count, codes }: Latents): CodeGrids {
  const [, height, width] = codes!.shape as [number, number, number];
  return { count, shape: [height, width], values: vae.codes!.values, data: codes!.data };
}
