import type { ExpParams } from "../config/schema.ts";
import { type Tensor, tf, type Variable } from "../tf.ts";

/** Updates variables in place from their gradients. */
export interface Optimizer {
  /** `grads` by parameter name; `step`: steps done before this one; `lr`: learning rate. */
  apply(grads: ReadonlyMap<string, Tensor>, step: number, lr: number): void;
  /** All that the next step depends on, by `SLOT.PARAMETER`. */
  readonly state: ReadonlyMap<string, Variable>;
  dispose(): void;
}

type Rule = (p: Tensor, g: Tensor, slots: Variable[], step: number, lr: number) => [Tensor, ...Tensor[]];

/** The optimizer that `exp.optimizer` names, over `params` by name. */
export function createOptimizer(exp: ExpParams, params: ReadonlyMap<string, Variable>): Optimizer {
  const { slots, rule } = { adam: () => adam(exp, false), adamw: () => adam(exp, true), sgd: () => sgd(exp) }[
    exp.optimizer
  ]();
  const state = new Map<string, Variable>();
  for (const slot of slots) {
    for (const [name, p] of params) {
      const zeros = tf.zerosLike(p);
      state.set(`${slot}.${name}`, tf.variable(zeros, false));
      zeros.dispose();
    }
  }
  return {
    state,
    apply(grads, step, lr) {
      for (const [name, g] of grads) {
        const p = params.get(name)!;
        const held = slots.map((slot) => state.get(`${slot}.${name}`)!);
        tf.tidy(() => {
          const [next, ...nextSlots] = rule(p, g, held, step, lr);
          nextSlots.forEach((value, i) => {
            held[i]!.assign(value);
          });
          p.assign(next);
        });
      }
    },
    dispose: () => {
      for (const v of state.values()) v.dispose();
    },
  };
}

/**
 * Adam (arXiv 1412.6980, algorithm 1) as torch.optim.Adam computes it, epsilon beside sqrt(v_hat); `decoupled`
 * is AdamW (arXiv 1711.05101, algorithm 2), else weight decay is an L2 penalty in the gradient. The beta
 * powers come from the step number, so that a resumed run has the same bits.
 */
function adam(exp: ExpParams, decoupled: boolean): { slots: string[]; rule: Rule } {
  const [beta1, beta2] = exp.betas as [number, number];
  const decay = exp.weight_decay;
  return {
    slots: ["m", "v"],
    rule(p, grad, [m0, v0], step, lr) {
      const g = decay > 0 && !decoupled ? tf.add(grad, tf.mul(p, decay)) : grad;
      const m = tf.add(tf.mul(m0!, beta1), tf.mul(g, 1 - beta1));
      const v = tf.add(tf.mul(v0!, beta2), tf.mul(tf.square(g), 1 - beta2));
      const denominator = tf.add(tf.div(tf.sqrt(v), Math.sqrt(1 - beta2 ** (step + 1))), exp.eps);
      const change = tf.mul(tf.div(m, denominator), lr / (1 - beta1 ** (step + 1)));
      const from = decoupled && decay > 0 ? tf.mul(p, 1 - lr * decay) : p;
      return [tf.sub(from, change), m, v];
    },
  };
}

/** Gradient descent with momentum as torch.optim.SGD computes it: b = momentum b + g, p -= lr b. */
function sgd(exp: ExpParams): { slots: string[]; rule: Rule } {
  return {
    slots: exp.momentum > 0 ? ["momentum"] : [],
    rule(p, grad, [b0], _, lr) {
      const g = exp.weight_decay > 0 ? tf.add(grad, tf.mul(p, exp.weight_decay)) : grad;
      if (b0 === undefined) return [tf.sub(p, tf.mul(g, lr))];
      const b = tf.add(tf.mul(b0, exp.momentum), g);
      return [tf.sub(p, tf.mul(b, lr)), b];
    },
  };
}
