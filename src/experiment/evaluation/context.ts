import type { ExpParams } from "../../config/schema.ts";
import type { HostBatch } from "../../data/loader.ts";
import { UserError } from "../../errors.ts";
import type { FeatureNetworkSpec } from "../../features/frozen_network.ts";
import type { Likelihood } from "../../metrics/likelihood.ts";
import type { LpipsFiles } from "../../metrics/lpips.ts";
import { conventionOf, natWeightOf } from "../../models/convention.ts";
import { newCtx } from "../../models/ctx.ts";
import type { Ctx } from "../../models/vae.ts";
import { Rng } from "../../rng.ts";
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../../tf.ts";
import type { OpenRun, SplitName } from "../trained/open_trained.ts";
import { withTensors } from "../training/batch.ts";
import { lossWeights } from "../training/loss_weights.ts";
import { trainedLikelihood } from "./trained_likelihood.ts";

export interface FigureOptions {
  readonly split: SplitName;
  /** Images evaluated at most. */
  readonly maxImages: number;
  readonly seed: number;
  /** K of the importance-weighted bound. */
  readonly draws: number;
  /** Network whose features the Fréchet and the perceptual distance compare. */
  readonly network: Exclude<FeatureNetworkSpec, string>;
  readonly lpips: LpipsFiles | undefined;
  /** Folder that relative file names in these options start from. */
  readonly baseDir: string;
}

export interface GaussianLatent {
  readonly name: string;
  readonly mean: Tensor2D;
  readonly logVar: Tensor2D;
  readonly z: Tensor;
}

/** Of each pair of an image and its reconstruction, both [B, H, W, C] in [0, 1], a number: [B]. */
export interface Measure {
  of(x: Tensor4D, y: Tensor4D): Tensor1D;
  dispose?(): void;
}

/** What the passes do for a figure that is asked for. */
export interface Measuring {
  /** What it measures of reconstructions, by names of its own. */
  measures?(context: FigureContext): Promise<Readonly<Record<string, Measure>>>;
}

/** What figures are computed from, each pass over the images done once, when the first figure asks for it. */
export class FigureContext {
  readonly rng: Rng;
  /** Why something was left out, by its name. */
  readonly leftOut: Record<string, string> = {};
  /** What a reader of the figures should know: a sentence each. */
  readonly notes: string[] = [];
  private readonly made = new Map<string, Promise<unknown>>();

  constructor(
    readonly run: OpenRun,
    readonly options: FigureOptions,
    /** The figures asked for, by name. */
    readonly asked: ReadonlyMap<string, Measuring>,
  ) {
    this.rng = Rng.fromSeed(options.seed).fold("figures");
  }

  /** Values an image. */
  get dims(): number {
    return this.run.imageShape.reduce((a, b) => a * b);
  }

  /** Evaluation mode, with randomness of a purpose. */
  ctx(rng: Rng, labels?: Tensor): Ctx {
    return newCtx({ training: false, step: this.run.state.step, rng, labels });
  }

  /** Images of the model's range in [0, 1]. */
  unit(images: Tensor4D): Tensor4D {
    const [low, high] = this.run.imageRange;
    return low === 0 && high === 1 ? images : tf.div(tf.sub(images, low), high - low);
  }

  /** The same as a picture shows them: not below 0 nor above 1. */
  shown(images: Tensor4D): Tensor4D {
    return tf.clipByValue(this.unit(images), 0, 1);
  }

  /** Calls `use` for each batch of the images evaluated; its tensors are freed after it. */
  async each(use: (images: Tensor4D, labels: Tensor | undefined, host: HostBatch, index: number) => void) {
    const loader = await this.run.loader(this.options.split, { limit: this.options.maxImages });
    let index = 0;
    for await (const host of loader.batches(0)) {
      withTensors(host, ({ images, labels }) => tf.tidy(() => use(images, labels, host, index)));
      index++;
      await new Promise(setImmediate); // signals get their turn
    }
  }

  /** Why figures of one latent with a Gaussian posterior can't be computed of this model; undefined where they can. */
  notGaussian(): Promise<string | undefined> {
    return this.once("not gaussian", async () => {
      const loader = await this.run.loader(this.options.split, { limit: 1 });
      for await (const host of loader.batches(0)) {
        const kinds = withTensors(host, ({ images, labels }) =>
          tf.tidy(() => {
            const { posterior } = this.run.vae.encode(images, this.ctx(this.rng, labels));
            return Object.entries(posterior).map(([name, { kind }]) => `${name}: ${kind}`);
          }),
        );
        if (kinds.length === 1 && kinds[0]!.endsWith(": gaussian")) return undefined;
        return `needs one latent with a Gaussian posterior, ${this.run.model.name} has ${kinds.join(", ")}`;
      }
      return undefined;
    });
  }

  /** The one latent of images: its name, its Gaussian posterior, [B, D] each, and a draw as the model shapes it. */
  posterior(images: Tensor4D, ctx: Ctx): GaussianLatent {
    const { posterior, z } = this.run.vae.encode(images, ctx);
    const [[name, q] = [], ...rest] = Object.entries(posterior);
    if (name === undefined || q?.kind !== "gaussian" || rest.length > 0) {
      const got = Object.entries(posterior).map(([latent, { kind }]) => `${latent}: ${kind}`);
      throw new UserError(
        `${this.run.model.name}: these figures expect one latent with a Gaussian posterior, got ${got.join(", ")}. ` +
          "Name others: --figures mse,psnr,ssim",
      );
    }
    const flat = (t: Tensor) => tf.reshape(t, [images.shape[0], -1]) as Tensor2D;
    return { name, mean: flat(q.mean), logVar: flat(q.logVar), z: z[name]! };
  }

  /** Images in [0, 1] decoded from the latent `name`. */
  decode(name: string, z: Tensor, ctx: Ctx): Tensor4D {
    return this.unit(this.run.vae.decode({ [name]: z }, ctx));
  }

  /** The likelihood that the loss stands for, where it does. */
  get trainedLikelihood(): Likelihood | undefined {
    const found = this.lossLikelihood;
    return typeof found === "string" ? undefined : found;
  }

  /** Why the loss stands for none. */
  get noTrainedLikelihood(): string | undefined {
    const found = this.lossLikelihood;
    return typeof found === "string" ? found : undefined;
  }

  private get lossLikelihood(): Likelihood | string | undefined {
    const { config, model, state, imageRange } = this.run;
    const { name: _, ...params } = config.model_params;
    const weights = asTwoTerms(lossWeights(model, params, config.exp_params)(state.step), config.exp_params);
    return trainedLikelihood(config, conventionOf(config.exp_params), weights, this.dims, imageRange);
  }

  /** What `make` makes, made once: at the first call with this name. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const found = this.made.get(name) ?? make();
    this.made.set(name, found);
    return found as Promise<T>;
  }
}

/** A bound that holds reconstruction and KL in one (`bound`) as the weights of the two. */
function asTwoTerms({ bound, ...others }: Record<string, number>, exp: ExpParams): Record<string, number> {
  return bound === undefined ? others : { ...others, reconstruction: bound / natWeightOf(exp), kl: bound };
}
