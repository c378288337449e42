import { type Static, Type } from "typebox";
import { rankCount, rowsOfBatch, sumOverRanks } from "../../backends/ranks.ts";
import type { Param, Scope } from "../../nn/params.ts";
import { straightThrough, untaped } from "../../nn/untaped.ts";
import { oneOf } from "../../one_of.ts";
import { type Named, type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../../tf.ts";
import type { Ctx } from "../vae.ts";

/** Keys of `model_params` of a codebook. */
export const CodebookOptions = {
  num_embeddings: Type.Integer({ minimum: 2, maximum: 2048, default: 512, description: "Codes, K." }),
  embedding_dim: Type.Integer({ minimum: 1, default: 64, description: "Dimensions of a code, D." }),
  codebook: oneOf(["ema", "loss"], {
    default: "ema",
    description:
      "How codes learn: ema, moving averages of the encoder's outputs; loss, the paper's term (PyTorch-VAE's way).",
  }),
  ema_decay: Type.Number({
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.99,
    description: "Decay of the moving averages of codebook: ema.",
  }),
  dead_code_threshold: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.03,
    description:
      "codebook: ema draws a code anew from the encoder's outputs where its average use is below this share of the mean code's; 0: never.",
  }),
} as const;
const Shape = Type.Object(CodebookOptions);
export type CodebookOptions = Static<typeof Shape>;

/** Epsilon of the Laplace smoothing of counts, Sonnet's. */
const SMOOTHING = 1e-5;

export interface Quantized {
  /** [B, h, w], int32. */
  readonly indices: Tensor;
  /** The codes of them as constants, [B, h, w, D]. */
  readonly codes: Tensor4D;
  /** The same, with the gradient of `z` (straight-through). */
  readonly passed: Tensor4D;
  /** z as a constant. */
  readonly held: Tensor4D;
  /** How often each code was used, [K]. */
  readonly counts: Tensor1D;
  /** Next values of the codebook and its averages, in training by `codebook: ema`. */
  readonly updates: Named<Tensor>;
}

export interface Codebook {
  /** z, [B, h, w, D], by the nearest code each. */
  quantize(z: Tensor4D, ctx: Ctx): Quantized;
  /** Codes by their int32 numbers, [...] -> [..., D], with the codebook's gradient. */
  lookUp(indices: Tensor): Tensor;
}

/** K vectors of D, `scope.embedding.weight` [K, D], first uniform in ±1/K as Sonnet's and PyTorch-VAE's. */
export function codebook(scope: Scope, o: CodebookOptions): Codebook {
  const [count, dims] = [o.num_embeddings, o.embedding_dim];
  const ema = o.codebook === "ema";
  let first = new Float32Array(0);
  const weight = scope.declare(
    "embedding.weight",
    [count, dims],
    (rng, n) => {
      first = rng.uniformArray(n).map((v) => (2 * v - 1) / count);
      return first.slice();
    },
    { trainable: !ema },
  );
  const embedding = weight.value as unknown as Tensor2D;
  const averages = ema
    ? {
        sizes: scope.declare("cluster_size", [count], (_, n) => new Float32Array(n).fill(1), {
          trainable: false,
        }),
        sums: scope.declare("cluster_sum", [count, dims], () => first.slice(), { trainable: false }),
      }
    : undefined;

  /** ||z - e||^2 without its ||z||^2, which is the same for all codes: [N, D] -> [N, K]. */
  const distances = (flat: Tensor2D) =>
    tf.sub(tf.sum(tf.square(embedding), 1), tf.mul(2, tf.matMul(flat, embedding, false, true)));

  return {
    quantize(z, ctx) {
      const [batch, h, w] = z.shape;
      const found = untaped(z, (input) => {
        const flat = tf.reshape(input, [batch * h * w, dims]) as Tensor2D;
        const nearest = tf.argMin(distances(flat), 1) as Tensor1D;
        const counts = sumOverRanks(tf.unsortedSegmentSum(tf.ones([batch * h * w]), nearest, count));
        const constants: Record<string, Tensor> = {
          held: tf.clone(input),
          indices: tf.reshape(nearest, [batch, h, w]),
          codes: tf.reshape(tf.gather(embedding, nearest), z.shape),
          counts,
        };
        if (averages === undefined || !ctx.training) return constants;
        const next = nextAverages(averages, { flat, nearest, counts }, o, ctx);
        return { ...constants, ...prefixed(next) };
      });
      const { held, indices, codes, counts, ...rest } = found as Record<string, Tensor>;
      return {
        indices: indices!,
        codes: codes as Tensor4D,
        passed: straightThrough(z, codes as Tensor4D),
        held: held as Tensor4D,
        counts: counts as Tensor1D,
        updates: rest,
      };
    },
    lookUp: (indices) => {
      const flat = tf.gather(embedding, tf.reshape(indices, [indices.size]) as Tensor1D);
      return tf.reshape(flat, [...indices.shape, dims]);
    },
  };

  function prefixed({ sizes, sums, weight: codes }: Record<"sizes" | "sums" | "weight", Tensor>) {
    return {
      [scope.name("embedding.weight")]: codes,
      [scope.name("cluster_size")]: sizes,
      [scope.name("cluster_sum")]: sums,
    };
  }
}

/**
 * The moving averages after a batch and the codes that they give (arXiv 1711.00937, appendix A.1): N = g N + (1 - g) n,
 * m = g m + (1 - g) sum z, e = m / N with N smoothed as Sonnet's (N + eps) / (sum N + K eps) sum N. A code whose N is
 * below the threshold gets the threshold as N and one of the batch's z, drawn at random, as e: it stays where the
 * next batches use it, and is drawn again where they don't.
 */
function nextAverages(
  { sizes, sums }: { readonly sizes: Param; readonly sums: Param },
  batch: { readonly flat: Tensor2D; readonly nearest: Tensor1D; readonly counts: Tensor },
  o: CodebookOptions,
  ctx: Ctx,
): Record<"sizes" | "sums" | "weight", Tensor> {
  const [count, g] = [o.num_embeddings, o.ema_decay];
  const blend = (before: Tensor, now: Tensor) => tf.add(tf.mul(before, g), tf.mul(now, 1 - g));
  let n = blend(sizes.value, batch.counts);
  let m = blend(sums.value, sumOverRanks(tf.unsortedSegmentSum(batch.flat, batch.nearest, count)));
  if (o.dead_code_threshold > 0) {
    const least = tf.mul(tf.sum(n), o.dead_code_threshold / count);
    const alive = tf.step(tf.sub(n, least)); // 1 or 0
    const dead = tf.mul(tf.sub(1, alive), least);
    const vectors = batch.flat.shape[0] * rankCount();
    const drawn = rowsOfBatch(batch.flat, ctx.rng.fold("revive").integers(count, vectors));
    const column = (x: Tensor) => tf.reshape(x, [count, 1]);
    n = tf.add(tf.mul(alive, n), dead);
    m = tf.add(tf.mul(column(alive), m), tf.mul(column(dead), drawn));
  }
  const total = tf.sum(n);
  const smooth = tf.mul(tf.div(tf.add(n, SMOOTHING), tf.add(total, count * SMOOTHING)), total);
  return { sizes: n, sums: m, weight: tf.div(m, tf.reshape(smooth, [count, 1])) };
}
