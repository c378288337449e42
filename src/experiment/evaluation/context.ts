import type { HostBatch } from "../../data/loader.ts";
import type { JudgeOptions } from "../../metrics/define.ts";
import { newCtx } from "../../models/ctx.ts";
import type { Ctx, Posterior } from "../../models/vae.ts";
import { Rng } from "../../rng.ts";
import { type Named, type Tensor, type Tensor2D, type Tensor4D, tf } from "../../tf.ts";
import type { OpenRun, SplitName } from "../trained/open_trained.ts";
import { withTensors } from "../training/batch.ts";

export interface EvaluationOptions extends JudgeOptions {
  readonly split: SplitName;
  /** Images evaluated at most. */
  readonly maxImages: number;
  readonly seed: number;
  /** K of the importance-weighted bound. */
  readonly draws: number;
}

/** What tells whether a metric can be computed. */
export interface EvaluationSubject {
  readonly run: Pick<OpenRun, "dataset" | "imageShape">;
  readonly options: EvaluationOptions;
}

interface GaussianLatent {
  readonly name: string;
  readonly mean: Tensor2D;
  readonly logVar: Tensor2D;
  readonly z: Tensor;
}

/** What metrics are computed from: a run, and each pass over its images done once, when the first metric asks for it. */
export class EvaluationContext {
  readonly rng: Rng;
  /** Why something was left out, by its name. */
  readonly leftOut: Record<string, string> = {};
  /** What a reader of the metrics should know: a sentence each. */
  readonly notes: string[] = [];
  private readonly made = new Map<string, Promise<unknown>>();

  constructor(
    readonly run: OpenRun,
    readonly options: EvaluationOptions,
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

  /** Images of the model's range as a picture shows them: in [0, 1], not below 0 nor above 1. */
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

  /** Why metrics of one latent with a Gaussian posterior can't be computed of this model; undefined where they can. */
  notGaussian(): Promise<string | undefined> {
    return this.once("not gaussian", async () => {
      const loader = await this.run.loader(this.options.split, { limit: 1 });
      for await (const host of loader.batches(0)) {
        return withTensors(host, ({ images, labels }) =>
          tf.tidy(() => {
            const { posterior } = this.run.vae.encode(images, this.ctx(this.rng, labels));
            if (oneGaussian(posterior) !== undefined) return undefined;
            const kinds = Object.entries(posterior).map(([name, { kind }]) => `${name}: ${kind}`);
            return `needs one latent with a Gaussian posterior, ${this.run.model.name} has ${kinds.join(", ")}`;
          }),
        );
      }
      return undefined;
    });
  }

  /** The one latent of images: its name, its Gaussian posterior, [B, D] each, and a draw as the model shapes it. */
  posterior(images: Tensor4D, ctx: Ctx): GaussianLatent {
    const { posterior, z } = this.run.vae.encode(images, ctx);
    const found = oneGaussian(posterior);
    if (found === undefined)
      throw new Error(`${this.run.model.name}: no one latent with a Gaussian posterior`);
    const flat = (t: Tensor) => tf.reshape(t, [images.shape[0], -1]) as Tensor2D;
    return { name: found.name, mean: flat(found.mean), logVar: flat(found.logVar), z: z[found.name]! };
  }

  /** Images in [0, 1] decoded from the latent `name`. */
  decode(name: string, z: Tensor, ctx: Ctx): Tensor4D {
    return this.unit(this.run.vae.decode({ [name]: z }, ctx));
  }

  /** What `make` makes, made once: at the first call with this name. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const found = this.made.get(name) ?? make();
    this.made.set(name, found);
    return found as Promise<T>;
  }
}

/** The one latent, where its posterior is Gaussian. */
function oneGaussian(posterior: Named<Posterior>) {
  const [[name, q] = [], ...others] = Object.entries(posterior);
  return name !== undefined && q?.kind === "gaussian" && others.length === 0 ? { name, ...q } : undefined;
}
