import type { Batch, Loss, Named, VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { type Scalar, type Tensor, tf, type Variable } from "../tf.ts";
import type { Optimizer } from "./optimizers.ts";
import type { Weights } from "./weights.ts";

/** Figures of one step: the weighted `total`, each unweighted term, and what the model logs besides. */
export interface Figures {
  readonly total: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly scalars: Readonly<Record<string, number>>;
  /** Global L2 norm of the gradient before clipping, the largest over the phases; 0 in evaluation. */
  readonly gradNorm: number;
}

export interface StepArgs {
  readonly vae: VAE;
  readonly weights: Weights;
  /** By phase name. */
  readonly optimizers: ReadonlyMap<string, Optimizer>;
  /** The stream of the run's steps; each step folds in its number. */
  readonly rng: Rng;
  readonly gradientClip?: number | undefined;
}

/**
 * One training step: for each phase the weighted loss of its terms, the gradient to the parameters it owns,
 * its optimizer, and the parameters that no optimizer owns. A function of (parameters, optimizer state,
 * batch, step, seed) and of nothing else.
 */
export function trainStep(args: StepArgs, batch: Batch, step: number, lr: number): Figures {
  return runPhases({ ...args, rng: args.rng.fold(step) }, batch, step, (phase, lossOf, keep) => {
    const owned = new Map<string, Variable>();
    for (const [name, p] of args.vae.params) if (p.trainable && phase.owns(name)) owned.set(name, p.value);
    const { value, grads } = tf.variableGrads(lossOf as () => Scalar, [...owned.values()]);
    const named = new Map([...owned].map(([name, v]) => [name, grads[v.name]!] as const));
    const norm = tf.sqrt(tf.addN([...named.values()].map((g) => tf.sum(tf.square(g))))) as Scalar;
    args.optimizers.get(phase.name)!.apply(clip(named, norm, args.gradientClip), step, lr);
    return [keep(value), keep(norm)];
  });
}

/**
 * The same figures without a change of anything: evaluation mode, running statistics of batch norm, weights as
 * at `step`, noise from `args.rng` as it is.
 */
export function evaluateStep(args: Omit<StepArgs, "optimizers">, batch: Batch, step: number): Figures {
  return runPhases(args, batch, step, (_, lossOf, keep) => [keep(lossOf()), keep(tf.scalar(0))], false);
}

type RunPhase = (
  phase: VAE["phases"][number],
  lossOf: () => Tensor,
  keep: <T extends Tensor>(t: T) => T,
) => [total: Tensor, norm: Tensor];

function runPhases(
  { vae, weights, rng }: Pick<StepArgs, "vae" | "weights" | "rng">,
  batch: Batch,
  step: number,
  run: RunPhase,
  training = true,
): Figures {
  const kept: Tensor[] = [];
  const keep = <T extends Tensor>(t: T): T => {
    kept.push(tf.keep(t));
    return t;
  };
  const weightOf = weights(step);
  const terms: Record<string, Tensor> = {};
  const scalars: Record<string, Tensor> = {};
  const totals: Tensor[] = [];
  const norms: Tensor[] = [];
  let carry: Named<Tensor> = {};
  try {
    for (const phase of vae.phases) {
      const labels = batch.labels === undefined ? {} : { labels: batch.labels };
      const ctx = { training, step, rng: rng.fold(phase.name), ...labels };
      let loss: Loss | undefined;
      tf.tidy(() => {
        const [total, norm] = run(
          phase,
          () => {
            loss = phase.loss(batch, ctx, carry);
            for (const held of [loss.terms, loss.updates, loss.carry, loss.scalars]) {
              for (const t of Object.values(held ?? {})) if (t !== undefined) keep(t);
            }
            return weightedSum(loss.terms, weightOf);
          },
          keep,
        );
        totals.push(total);
        norms.push(norm);
      });
      if (loss === undefined) throw new Error(`phase "${phase.name}" computed no loss`);
      Object.assign(terms, loss.terms);
      Object.assign(scalars, loss.scalars);
      carry = { ...carry, ...loss.carry };
      if (training) {
        for (const [name, next] of Object.entries(loss.updates ?? {}))
          vae.params.get(name)!.value.assign(next);
      }
    }
    return {
      total: totals.map(read).reduce((a, b) => a + b),
      gradNorm: Math.max(...norms.map(read)),
      terms: mapValues(terms, read),
      scalars: mapValues(scalars, read),
    };
  } finally {
    tf.dispose(kept);
  }
}

/** The sum of the terms, each times its weight. */
function weightedSum(terms: Loss["terms"], weights: Record<string, number>): Scalar {
  const weighted = Object.entries(terms).map(([term, value]) => {
    const weight = weights[term];
    if (weight === undefined) throw new Error(`loss term "${term}" is not declared in the model's terms()`);
    return tf.mul<Scalar>(value!, weight);
  });
  return weighted.reduce((a, b) => tf.add(a, b));
}

/** The gradients, scaled down together where their norm is above `limit` (arXiv 1211.5063, algorithm 1). */
function clip(grads: Map<string, Tensor>, norm: Scalar, limit: number | undefined): Map<string, Tensor> {
  if (limit === undefined) return grads;
  const scale = tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6))); // torch's clip_grad_norm_
  return new Map([...grads].map(([name, g]) => [name, tf.mul(g, scale)]));
}

const read = (t: Tensor): number => t.dataSync()[0]!;

const mapValues = <A, B>(o: Record<string, A>, f: (a: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [k, f(v)]));
