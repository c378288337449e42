import { basename } from "node:path";
import { ConfigError, DataError } from "../../errors.ts";
import type { Images } from "../../explore/images.ts";
import { encodeAll, type Latents } from "../../explore/latents.ts";
import { Rng } from "../../rng.ts";
import { restore, stateOf } from "../../samplers/minimize.ts";
import { shellWord } from "../../text/shell.ts";
import { fitPriorTo } from "../training/fit_prior.ts";
import { fitDensity } from "./fit_density.ts";
import { fitGrids } from "./fit_grids.ts";
import type { OpenRun } from "./open_trained.ts";
import { type FitRecord, priorParams, writeSampler } from "./sampler_files.ts";
import { completeOptions, type FitOptions, type Made } from "./sampler_fit.ts";
import { checkMatch } from "./sampler_match.ts";

/** Images below which a held-out tenth tells nothing. */
const FEWEST = 10;

/** A sampler that was fitted and written. */
export interface Fitted extends FitRecord {
  readonly file: string;
  readonly notes: readonly string[];
  readonly seconds: number;
}

/**
 * Fits samplers to the z of training images, one after the other, and writes each into the run; none where one of them is
 * not for this model. The same run, options and seed give the same numbers on the same backend.
 *
 * @throws SamplerMismatch where a sampler can't be fitted to this model; DataError where there are too few training images
 */
export async function* fitSamplers(run: OpenRun, options: FitOptions): AsyncGenerator<Fitted> {
  const chosen = [...options.given.keys()];
  const own = chosen.find(({ kind }) => kind === "own");
  if (own !== undefined)
    throw new ConfigError(
      `--sampler ${own.name}: expected a sampler to fit, got the model's own prior, which needs none: vae sample ` +
        `${shellWord(run.runDir)} draws from it.`,
    );
  const { train } = (await run.dataset()).splits;
  if (train.size < FEWEST || options.maxImages < FEWEST)
    throw new DataError(
      `vae fit-sampler: expected ${FEWEST} training images or more, got ${Math.min(train.size, options.maxImages)}. ` +
        (train.size < FEWEST ? "Take other data: --set data_params.…" : "Raise --max-images."),
    );
  for (const definition of chosen) checkMatch(run, definition);
  const latents = chosen.some(({ kind }) => kind === "density" || kind === "grid")
    ? await encodeTraining(run, options)
    : undefined;
  for (const definition of chosen) checkMatch(run, definition, latents?.kinds); // before any is written
  for (const definition of chosen) {
    const start = performance.now();
    const rng = Rng.fromSeed(options.seed).fold("sampler");
    const made =
      definition.kind === "density"
        ? await fitDensity(definition, latents!, rng, options)
        : definition.kind === "grid"
          ? await fitGrids(run, definition, latents!, rng, options)
          : await refitPrior(run, rng, options);
    const record: FitRecord = {
      sampler: definition.name,
      options: "options" in definition ? completeOptions(definition, options) : {},
      seed: options.seed,
      images: Math.min(train.size, options.maxImages),
      checkpoint: { file: basename(run.checkpoint), step: run.state.step, sha256: run.checkpointSha256 },
      ...made.of,
      numbers: made.numbers,
    };
    const file = await writeSampler(run.runDir, made.state, record);
    yield { ...record, file, notes: made.notes, seconds: (performance.now() - start) / 1000 };
  }
}

/** Training images, batch by batch. */
async function* trainingImages(run: OpenRun, { maxImages, progress }: FitOptions): AsyncGenerator<Images> {
  const loader = await run.loader("train", { limit: maxImages });
  let done = 0;
  for await (const batch of loader.batches(0)) {
    yield batch;
    done += batch.shape[0];
    progress?.("encoding images", done, loader.size);
  }
}

/** The posteriors of training images. */
const encodeTraining = (run: OpenRun, options: FitOptions): Promise<Latents> =>
  encodeAll(run.vae, trainingImages(run, options), Rng.fromSeed(options.seed).fold("encode"));

/** The prior that the model itself fits, to more images; the model stays as it is. */
async function refitPrior(run: OpenRun, rng: Rng, options: FitOptions): Promise<Made> {
  const { vae } = run;
  const params = priorParams(vae);
  const before = stateOf(params);
  try {
    const numbers = await fitPriorTo(vae, trainingImages(run, options), rng);
    return { state: stateOf(params), numbers, notes: [] };
  } finally {
    restore(params, before);
  }
}
