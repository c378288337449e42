import { densityImages } from "../../explore/density_images.ts";
import { squareGrid } from "../../explore/grids.ts";
import { latentCodes, notFinite, takesDensity } from "../../explore/latent_codes.ts";
import { encodeAll, encodeImages, type Latents } from "../../explore/latents.ts";
import { sample } from "../../explore/pictures.ts";
import gmm from "../../samplers/gmm.ts";
import { fittedTo } from "./fit_prior.ts";
import type { Prepared } from "./prepared.ts";

/** Gaussians at most, each of this many images or more; sweeps of EM. */
const COMPONENTS = 10;
const IMAGES_EACH = 20;
const ITERATIONS = 100;

/**
 * `count` samples of a mixture fitted to the z of training images, as a PNG: the same images and noise at every call; or why
 * none can be fitted, half a sentence.
 */
export async function fittedSamples(
  { vae, train, rng: root, imageRange }: Pick<Prepared, "vae" | "train" | "rng" | "imageRange">,
  count: number,
): Promise<Buffer | string> {
  const rng = root.fold("fitted samples");
  // Of one image, since what rules a mixture out is the same of all of them.
  const one = await encodeImages(vae, await train.spread(1), rng.fold("look"));
  const why = obstacle(one, train.size);
  if (why !== undefined) return why;
  const latents = await encodeAll(vae, await fittedTo(train), rng.fold("encode"));
  const components = Math.min(COMPONENTS, Math.floor(latents.count / IMAGES_EACH));
  const codes = latentCodes(latents);
  if (notFinite(codes) > 0) return "its z are not finite";
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

/** What of a model and its data rules a mixture out. */
function obstacle({ kinds, layout }: Latents, images: number): string | undefined {
  if (kinds.includes("codes")) return "its z are codes";
  if (!takesDensity({ kinds })) return "its z are numbers above 0";
  if (layout.size > gmm.maxDims!) return `its z has ${layout.size} dimensions, more than ${gmm.maxDims}`;
  if (images < IMAGES_EACH) return `there are ${images} training images, fewer than ${IMAGES_EACH}`;
  return undefined;
}
