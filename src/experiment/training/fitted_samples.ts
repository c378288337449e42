import { densityImages } from "../../explore/density_images.ts";
import { squareGrid } from "../../explore/grids.ts";
import { latentCodes, notFinite, takesDensity } from "../../explore/latent_codes.ts";
import { encodeAll } from "../../explore/latents.ts";
import { sample } from "../../explore/pictures.ts";
import gmm from "../../samplers/gmm.ts";
import { fittedTo } from "./fit_prior.ts";
import type { Prepared } from "./prepared.ts";

/** Gaussians at most, each of this many images or more; sweeps of EM. */
const COMPONENTS = 10;
const IMAGES_EACH = 20;
const ITERATIONS = 100;

/**
 * `count` samples of a mixture fitted to the z of training images, as a PNG: the same images and noise at every call.
 * undefined where none can be fitted: to codes, to numbers above 0, to too many dimensions, images too few, z not finite.
 */
export async function fittedSamples(
  { vae, train, rng: root, imageRange }: Pick<Prepared, "vae" | "train" | "rng" | "imageRange">,
  count: number,
): Promise<Buffer | undefined> {
  const rng = root.fold("fitted samples");
  const latents = await encodeAll(vae, await fittedTo(train), rng.fold("encode"));
  const components = Math.min(COMPONENTS, Math.floor(latents.count / IMAGES_EACH));
  if (components === 0 || latents.layout.size > gmm.maxDims! || !takesDensity(latents)) return undefined;
  const codes = latentCodes(latents);
  if (notFinite(codes) > 0) return undefined;
  const options = { components, iterations: ITERATIONS, regularization: 1e-6 };
  const { state } = await gmm.fit(codes, new Float32Array(), options, { rng: rng.fold("fit") });
  const density = gmm.open(state, codes.dims, options);
  try {
    const draw = densityImages(vae, latents.layout, density);
    return await squareGrid(await sample(vae, count, rng.fold("draw"), { draw }), imageRange);
  } finally {
    density.dispose();
  }
}
