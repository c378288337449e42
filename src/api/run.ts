import type { Config } from "../config/schema.ts";
import { UserError } from "../errors.ts";
import { EVALUATION_DEFAULTS } from "../experiment/evaluation/defaults.ts";
import { type Evaluation, evaluateRun } from "../experiment/evaluation/evaluate_run.ts";
import type { OpenRun, SplitName } from "../experiment/trained/open_trained.ts";
import { imagesOfSplit } from "../experiment/trained/run_images.ts";
import { sampleRun } from "../experiment/trained/sample_run.ts";
import { givenLabels } from "../explore/given_labels.ts";
import { inBatches } from "../explore/images.ts";
import { interpolations, paired } from "../explore/interpolate.ts";
import { encodeAll } from "../explore/latents.ts";
import { reconstruct } from "../explore/pictures.ts";
import { traversal } from "../explore/traversal.ts";
import { Rng } from "../rng.ts";
import { samplerNamed } from "../samplers/registry.ts";
import { checked, checkedOptions, either, integer, listOf, mapOf, number, oneOf, text } from "./checked.ts";
import { type Codes, decodeCodes } from "./decode.ts";
import { type ImagesInput, packImages } from "./image_input.ts";
import { Images } from "./images.ts";
import type {
  CallOptions,
  Encoded,
  EvaluateOptions,
  InterpolateOptions,
  SampleOptions,
  TraverseOptions,
} from "./run_options.ts";
import { Traversal } from "./traversal.ts";

/**
 * A trained model, as `openRun` gives it. What it is asked is what the commands of the same names do, with the same noise: the
 * same seed gives the same pictures, byte for byte.
 */
export class Run implements Disposable, AsyncDisposable {
  /** @internal */
  constructor(
    private readonly held: OpenRun,
    private readonly note: (sentence: string) => void,
  ) {}

  private disposal: Promise<void> | undefined;

  /** Folder of the run. */
  get path(): string {
    return this.held.runDir;
  }

  /** File that the parameters are from. */
  get checkpoint(): string {
    return this.held.checkpoint;
  }

  /** What the run was trained with, defaults written out. */
  get config(): Config {
    return this.held.config;
  }

  /** Optimizer steps that the checkpoint was trained. */
  get step(): number {
    return this.held.state.step;
  }

  /** [H, W, C] of the model's images. */
  get imageShape(): readonly [height: number, width: number, channels: number] {
    return this.held.imageShape;
  }

  /** Images in one of the ways that there are, as the model takes them. */
  async images(input: ImagesInput, options: Pick<CallOptions, "labels"> = {}): Promise<Images> {
    const { opened, note } = this;
    checkedOptions("images", options, { labels: LABELS });
    return this.made(await packImages(opened, input, { label: textsOf(options), note }));
  }

  /** `count` images from all over a split of the run's data, with their labels. @throws DataError where it has none */
  async data(split: SplitName, count: number): Promise<Images> {
    checked("data: split", split, SPLIT);
    return this.made(await imagesOfSplit(this.opened, split, checked("data: count", count, integer(1))));
  }

  /** Images decoded from noise, as `vae sample` draws them. @throws UserError where the model has no prior */
  async sample(count: number, options: SampleOptions = {}): Promise<Images> {
    checked("sample: count", count, integer(1));
    checkedOptions("sample", options, { ...CALL, temperature: number(0), sampler: text });
    const { temperature = 1, sampler = "prior" } = options;
    const how = { temperature, sampler: samplerNamed(sampler), label: textsOf(options) };
    return this.made(await sampleRun(this.opened, count, how, this.rng(options)));
  }

  /** What the model makes of images: decoded from the posterior's mean or mode, as `vae reconstruct` shows it. */
  async reconstruct(input: ImagesInput, options: CallOptions = {}): Promise<Images> {
    checkedOptions("reconstruct", options, CALL);
    const images = await this.packed(input, options);
    return this.made(await reconstruct(this.opened.vae, images, this.rng(options).fold("reconstructions")));
  }

  /** The latents of images, as `vae encode` writes them. */
  async encode(input: ImagesInput, options: CallOptions = {}): Promise<Encoded> {
    checkedOptions("encode", options, CALL);
    const images = await this.packed(input, options);
    const found = await encodeAll(this.opened.vae, inBatches(images, 64), this.rng(options).fold("encode"));
    const { count, layout, mean, logVar, dense, z, codes } = found;
    return {
      count,
      size: layout.size,
      mean,
      z,
      logVariance: logVar,
      standardDeviation: dense?.deviation,
      kl: dense?.kl,
      codes,
    };
  }

  /**
   * The images of latents: vectors as `encode` gives them (`mean` or `z`), packed [N, D], a list of them or a tensor.
   *
   * @throws ShapeError where they are not of D numbers each
   */
  async decode(z: Codes, options: CallOptions = {}): Promise<Images> {
    checkedOptions("decode", options, CALL);
    return this.made(await decodeCodes(this.opened, z, textsOf(options), this.rng(options)));
  }

  /**
   * The way from one image to another: both, and what is decoded between them, as `vae interpolate` shows it. Of several, each
   * of `a` to its counterpart of `b`, in a row.
   *
   * @throws ShapeError where `a` and `b` are not as many
   */
  async interpolate(a: ImagesInput, b: ImagesInput, options: InterpolateOptions = {}): Promise<Images> {
    checkedOptions("interpolate", options, {
      ...CALL,
      steps: integer(1),
      path: oneOf("spherical", "linear"),
    });
    const { steps = 8, path = "spherical" } = options;
    const images = paired(await this.packed(a, options), await this.packed(b, options));
    const rng = this.rng(options).fold("interpolate");
    return new Images(
      await interpolations(this.opened.vae, images, { steps, path }, rng),
      this.opened.imageRange,
      {
        columns: steps + 2,
      },
    );
  }

  /**
   * One dimension of z changed at a time, the most active ones first, as `vae traverse` shows it.
   *
   * @param start where to start; left out: the first validation image
   * @throws UserError for a model whose z is a grid of codes
   */
  async traverse(start?: ImagesInput, options: TraverseOptions = {}): Promise<Traversal> {
    checkedOptions("traverse", options, {
      ...CALL,
      dimensions: integer(1),
      values: listOf(number(), 2),
      steps: integer(1),
      images: integer(1),
    });
    const { dimensions = 10, values, steps = 7, images = 256 } = options;
    const { vae, imageRange, model } = this.opened;
    const seen = await imagesOfSplit(this.opened, "val", images);
    const from = start === undefined ? undefined : await this.packed(start, options);
    const given = givenLabels(vae, textsOf(options));
    const how = { dimensions, values, steps, given };
    const made = await traversal(vae, { seen, start: from }, how, this.rng(options));
    if (made !== undefined) return new Traversal(made, imageRange);
    throw new UserError(
      `traverse: expected a model whose z are numbers or values of variables, got ${model.name}, whose z is a grid of codes. ` +
        "interpolate works with it.",
    );
  }

  /** The metrics of the model, as `vae evaluate` computes them; nothing is written. */
  async evaluate(options: EvaluateOptions = {}): Promise<Evaluation> {
    const { opened } = this;
    checkedOptions("evaluate", options, {
      metrics: listOf(text),
      split: SPLIT,
      maxImages: integer(1),
      draws: integer(1),
      seed: integer(0),
      network: either(NAMES, listOf(NAMES)),
      lpips: NAMES,
    });
    const { metrics, lpips, ...given } = options;
    const { network } = EVALUATION_DEFAULTS;
    const baseDir = process.cwd();
    const whole = {
      split: given.split ?? ((await opened.dataset()).splits.test.size > 0 ? "test" : "val"),
      maxImages: given.maxImages ?? EVALUATION_DEFAULTS.maxImages,
      draws: given.draws ?? EVALUATION_DEFAULTS.draws,
      seed: given.seed ?? EVALUATION_DEFAULTS.seed,
      networks: [given.network ?? { name: network }].flat(),
      lpips: lpips && { ...lpips, baseDir },
      baseDir,
    };
    return evaluateRun(opened, whole, metrics);
  }

  /** Frees the model's memory and closes the data; no call works after it. */
  dispose(): Promise<void> {
    this.disposal ??= this.held.close();
    return this.disposal;
  }

  /** For `using run = await openRun(…)`. */
  [Symbol.dispose](): void {
    void this.dispose();
  }

  /** For `await using run = await openRun(…)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** @throws UserError after `dispose` */
  private get opened(): OpenRun {
    if (this.disposal === undefined) return this.held;
    throw new UserError(
      `${this.path}: expected a run that is open, got one that dispose() was called on. Open it again: openRun(path).`,
    );
  }

  private rng({ seed = this.config.exp_params.manual_seed }: CallOptions): Rng {
    return Rng.fromSeed(seed);
  }

  private packed(input: ImagesInput, options: CallOptions) {
    return packImages(this.opened, input, { label: textsOf(options), note: this.note });
  }

  private made(packed: ConstructorParameters<typeof Images>[0]): Images {
    return new Images(packed, this.opened.imageRange);
  }
}

const LABELS = mapOf(either(text, number()));
/** What every call may be given. */
const CALL = { seed: integer(0), labels: LABELS };
const SPLIT = oneOf("train", "val", "test");
/** Files and networks by what they are for. */
const NAMES = mapOf(text);

/** Labels as the command line has them. */
const textsOf = ({ labels = {} }: Pick<CallOptions, "labels">): readonly string[] =>
  Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
