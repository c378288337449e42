import { significant } from "../../text/numbers.ts";

/** What one validation saw. */
export interface Seen {
  readonly step: number;
  /** `val/…`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Names of the loss's terms. */
  readonly terms: readonly string[];
  /** Values of an image, H W C. */
  readonly values: number;
  /** Lowest and highest value that an image may have. */
  readonly imageRange: readonly [number, number];
  /** Reconstructions' values. */
  readonly reconstructed?: ArrayLike<number> | undefined;
}

/** A sign of trouble: a sentence with the step and what helps. */
type Sign = (seen: Seen) => string | undefined;

/** Before it nothing is made of what a model has not learned yet. */
const SETTLED_STEPS = 200;
/** KL in nats of a posterior that says nothing of its image. */
const NOTHING = 0.01;
/** What a byte holds, in nats. */
const BYTE = Math.log(256);
/** A share of the codes so small that most of the table is no use. */
const FEW = 0.1;
/** How far outside the images' range a value is, as a share of its width, to be told from rounding and overshoot. */
const OUTSIDE = 0.25;
/** Share of the values outside, above which pictures show what isn't there. */
const OFTEN = 0.02;

const SIGNS: readonly Sign[] = [collapse, explosion, deadCodes, outside];

/** Tells what goes wrong in a run whose numbers are all finite: each sign once, in sentences. */
export class Signs {
  private readonly told = new Set<Sign>();

  /** Those that `seen` shows and that were not told before. */
  of(seen: Seen): string[] {
    if (seen.step < SETTLED_STEPS) return [];
    return SIGNS.flatMap((sign) => {
      const text = this.told.has(sign) ? undefined : sign(seen);
      if (text === undefined) return [];
      this.told.add(sign);
      return [text];
    });
  }
}

/** Posterior collapse: q(z | x) is the prior whatever x is, and the decoder goes without z (arXiv 1511.06349, section 3). */
function collapse({ step, metrics, terms }: Seen): string | undefined {
  const { "val/active_units": active, "val/kl": kl } = metrics;
  if (active !== 0 && !(kl !== undefined && Math.abs(kl) < NOTHING)) return undefined;
  const found = active === 0 ? "no dimension of z is active" : `val/kl is ${significant(kl!)} nats`;
  return (
    `step ${step}: ${found}: the posterior has collapsed, so that every image becomes the same reconstruction. ` +
    `Weigh what acts on z less, or let it rise: {value: …, warmup_steps: 2000}, by exp_params.loss_weights (its terms: ` +
    `${terms.join(", ")}) or kld_weight.`
  );
}

/** More nats than the image itself takes as bytes. */
function explosion({ step, metrics, terms, values }: Seen): string | undefined {
  const kl = metrics["val/kl"];
  if (kl === undefined || !(kl > values * BYTE)) return undefined;
  return (
    `step ${step}: val/kl is ${significant(kl)} nats, more than the ${significant(values * BYTE)} that an image has as ` +
    "bytes: z is no summary of it, and samples of the prior will look like none. Lower exp_params.LR, set " +
    `trainer_params.gradient_clip_val, or weigh what acts on z more, by exp_params.loss_weights (${terms.join(", ")}).`
  );
}

function deadCodes({ step, metrics }: Seen): string | undefined {
  const used = metrics["val/codes_used"];
  if (used === undefined || used >= FEW) return undefined;
  return (
    `step ${step}: validation uses ${significant(100 * used)} % of the codes: the others are dead. Raise ` +
    "model_params.dead_code_threshold, which draws them anew, or take fewer (model_params.num_embeddings)."
  );
}

/** Of a decoder without a last activation, whose pictures are cut to the range. */
function outside({ step, imageRange: [low, high], reconstructed }: Seen): string | undefined {
  if (reconstructed === undefined || reconstructed.length === 0) return undefined;
  const margin = OUTSIDE * (high - low);
  let [count, least, most] = [0, low, high];
  for (let i = 0; i < reconstructed.length; i++) {
    const value = reconstructed[i]!;
    if (value < low - margin || value > high + margin) count++;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (count / reconstructed.length <= OFTEN) return undefined;
  const [from, to] = [significant(least), significant(most)];
  return (
    `step ${step}: reconstructions have values from ${from} to ${to}, images from ${low} to ${high}: pictures show ` +
    `them cut. Lower exp_params.LR, or keep them inside: model_params.output: ${low < 0 ? "tanh" : "sigmoid"}.`
  );
}
