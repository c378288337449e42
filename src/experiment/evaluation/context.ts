import type { HostBatch } from "../../data/loader.ts";
import { type Encoded, meansOf, widthsOf } from "../../explore/posteriors.ts";
import { still } from "../../explore/tempered_rng.ts";
import type { JudgeOptions } from "../../metrics/define.ts";
import { newCtx } from "../../models/ctx.ts";
import type { Ctx, Posterior } from "../../models/vae.ts";
import { nextTurn } from "../../process/turn.ts";
import { Rng } from "../../rng.ts";
import { type Named, type Tensor, type Tensor2D, type Tensor4D, tf } from "../../tf.ts";
import type { OpenRun, SplitName } from "../trained/open_trained.ts";
import { withTensors } from "../training/batch.ts";

export interface EvaluationOptions extends Omit<JudgeOptions, "network"> {
  /** Networks that judge, one or more of different names: what is by a network's features is computed by each. */
  readonly networks: readonly JudgeOptions["network"][];
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

/** What the posteriors of a model are, the same of every image. */
interface PosteriorKinds {
  /** For a reader: "z: gaussian, c: categorical". */
  readonly listed: string;
  readonly kinds: readonly Posterior["kind"][];
  /** Columns of each unit of z, as in `LabelledMeans`. */
  readonly widths: readonly number[];
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
      await nextTurn();
    }
  }

  /** What the model's posteriors are; undefined where there is no image. */
  posteriorKinds(): Promise<PosteriorKinds | undefined> {
    return this.once("posterior kinds", async () => {
      const loader = await this.run.loader(this.options.split, { limit: 1 });
      for await (const host of loader.batches(0)) {
        return withTensors(host, ({ images, labels }) =>
          tf.tidy(() => {
            const { posterior } = this.latents(images, this.ctx(this.rng, labels));
            const all = Object.entries(posterior);
            return {
              listed: all.map(([name, { kind }]) => `${name}: ${kind}`).join(", "),
              kinds: all.map(([, { kind }]) => kind),
              widths: widthsOf(all.map(([, q]) => q)),
            } as never;
          }),
        );
      }
      return undefined;
    });
  }

  /**
   * Why metrics of means (or, with `kl`, of posteriors with a KL) can't be computed of this model; undefined where they can.
   */
  async unfit({ kl }: { readonly kl: boolean }): Promise<string | undefined> {
    const { kinds = [], listed } = (await this.posteriorKinds()) ?? {};
    const has = `${this.run.model.name} has ${listed}`;
    if (kinds.includes("codes")) return `needs a posterior with a mean, ${has}`;
    return kl && kinds.includes("point") ? `needs posteriors with a KL, ${has}` : undefined;
  }

  /** Posteriors of images and a draw of each; of a latent below others given the draws of those. */
  latents(images: Tensor4D, ctx: Ctx): Encoded {
    return this.run.vae.encode(images, ctx);
  }

  /** Where images lie, [B, D]: the posteriors' means side by side, of a latent below others given theirs. */
  means(images: Tensor4D, ctx: Ctx): Tensor2D {
    return meansOf(this.latents(images, still(ctx)));
  }

  /** Images in [0, 1] decoded from latents. */
  decode(z: Named<Tensor>, ctx: Ctx): Tensor4D {
    return this.unit(this.run.vae.decode(z, ctx));
  }

  /** What `make` makes, made once: at the first call with this name. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const found = this.made.get(name) ?? make();
    this.made.set(name, found);
    return found as Promise<T>;
  }
}
