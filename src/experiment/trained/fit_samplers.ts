import { basename } from "node:path";
import { ConfigError, DataError, UserError } from "../../errors.ts";
import type { Images } from "../../explore/images.ts";
import { latentCodes, notFinite } from "../../explore/latent_codes.ts";
import { encodeAll, type Latents } from "../../explore/latents.ts";
import { Rng } from "../../rng.ts";
import { drawCodes, holdOut, type LatentCodes, unitGaussianLogProb } from "../../samplers/codes.ts";
import type { LatentSampler, SamplerDefinition, State } from "../../samplers/define.ts";
import { restore, stateOf } from "../../samplers/minimize.ts";
import { counted } from "../../text/counted.ts";
import { shellWord } from "../../text/shell.ts";
import { fitPriorTo } from "../training/fit_prior.ts";
import type { OpenRun } from "./open_trained.ts";
import { type FitRecord, priorParams, writeSampler } from "./sampler_files.ts";

/** A sampler that can't be fitted to a model of this kind. */
export class SamplerMismatch extends UserError {}

/** Images below which a held-out tenth tells nothing. */
const FEWEST = 10;

export interface FitOptions {
  /** Images of the training split at most, from all over it. */
  readonly maxImages: number;
  readonly seed: number;
  /** By sampler, the options that were given. */
  readonly given: ReadonlyMap<SamplerDefinition, Readonly<Record<string, number>>>;
  /** Called while something is under way: what, rounds done, rounds at most. */
  progress?(what: string, done: number, total: number): void;
}

/** A sampler that was fitted and written. */
export interface Fitted extends FitRecord {
  readonly file: string;
  readonly notes: readonly string[];
  readonly seconds: number;
}

/**
 * Fits samplers to the z of training images, one after the other, and writes each into the run. The same run, options and
 * seed give the same numbers on the same backend.
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
  const latents = chosen.some(({ kind }) => kind === "density")
    ? await encodeTraining(run, options)
    : undefined;
  for (const definition of chosen) {
    const start = performance.now();
    const rng = Rng.fromSeed(options.seed).fold("sampler");
    const made =
      definition.kind === "density"
        ? await fitDensity(run, definition, latents!, rng, options)
        : await refitPrior(run, rng, definition, options);
    const record: FitRecord = {
      sampler: definition.name,
      options: definition.kind === "density" ? completeOptions(definition, options) : {},
      seed: options.seed,
      images: Math.min(train.size, options.maxImages),
      checkpoint: { file: basename(run.checkpoint), step: run.state.step, sha256: run.checkpointSha256 },
      ...(definition.kind === "density" && { layout: latents!.layout }),
      numbers: made.numbers,
    };
    const file = await writeSampler(run.runDir, made.state, record);
    yield { ...record, file, notes: made.notes, seconds: (performance.now() - start) / 1000 };
  }
}

interface Made {
  readonly state: State;
  readonly numbers: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
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

async function fitDensity(
  run: OpenRun,
  definition: LatentSampler,
  latents: Latents,
  rng: Rng,
  options: FitOptions,
): Promise<Made> {
  const { name, maxDims } = definition;
  const codes = codesOf(run, name, latents);
  if (maxDims !== undefined && codes.dims > maxDims)
    throw new UserError(
      `--sampler ${name}: expected a z of at most ${maxDims} dimensions, got ${codes.dims}. Take another sampler.`,
    );
  const { kept, heldOut } = holdOut(codes, rng.fold("hold out"));
  const judged = drawCodes(heldOut, rng.fold("held out"));
  const complete = completeOptions(definition, options);
  const { progress } = options;
  const { state, numbers, notes } = await definition.fit(kept, judged, complete as never, {
    rng: rng.fold(name),
    ...(progress && { progress: (done, total) => progress(name, done, total) }),
  });
  const density = definition.open(state, codes.dims, complete as never);
  try {
    const logProb = mean(density.logProb(judged, rng.fold("log p")));
    return {
      state,
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

/** @throws SamplerMismatch where z are grids of codes, or numbers above 0; UserError where they are not finite */
function codesOf({ model }: OpenRun, name: string, latents: Latents): LatentCodes {
  const { kinds } = latents;
  if (kinds.includes("codes"))
    throw new SamplerMismatch(
      `--sampler ${name}: expected a model whose z are numbers or values of variables, got ${model.name}, whose z are codes. ` +
        "The prior of codes can be fitted: --sampler codes",
    );
  if (kinds.includes("gamma"))
    throw new SamplerMismatch(
      `--sampler ${name}: expected a model whose z may be any number, got ${model.name}, whose z are above 0. It has the ` +
        "prior that it was trained with: vae sample",
    );
  const codes = latentCodes(latents);
  const bad = notFinite(codes);
  if (bad > 0)
    throw new UserError(
      `--sampler ${name}: expected a finite z of every image, got other numbers of ${counted(bad, "image")} of ` +
        `${codes.count}. The model has diverged: take an earlier checkpoint with --checkpoint.`,
    );
  return codes;
}

/** The prior that the model itself fits, to more images; the model stays as it is. */
async function refitPrior(
  run: OpenRun,
  rng: Rng,
  { name }: SamplerDefinition,
  options: FitOptions,
): Promise<Made> {
  const { vae, model } = run;
  if (vae.fitPrior === undefined)
    throw new SamplerMismatch(
      `--sampler ${name}: expected a model with a prior over codes, got ${model.name}, which has none to fit. Take ` +
        "another: --sampler gmm",
    );
  const params = priorParams(vae);
  const before = stateOf(params);
  try {
    const numbers = await fitPriorTo(vae, trainingImages(run, options), rng);
    return { state: stateOf(params), numbers, notes: [] };
  } finally {
    restore(params, before);
  }
}

/** What was given, and the defaults of the others. */
function completeOptions(definition: LatentSampler, { given }: FitOptions): Record<string, number> {
  const defaults = Object.entries(definition.options.properties).map(
    ([key, schema]) => [key, (schema as { readonly default: number }).default] as const,
  );
  return { ...Object.fromEntries(defaults), ...given.get(definition) };
}

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
