import { adamUpdate } from "../../backends/adam.ts";
import type { Config, OptimizerParams } from "../../config/schema.ts";
import type { VAE } from "../../models/vae.ts";
import { type Scalar, type Tensor, tf, type Variable } from "../../tf.ts";
import { optimizerParams } from "./schedules.ts";
import { rateOf, type StepInputs } from "./step_inputs.ts";

/** Updates variables in place from their gradients. */
export interface Optimizer {
  /** `grads` by parameter name; `at`: the step, whose learning rate is taken. */
  apply(grads: ReadonlyMap<string, Tensor>, at: StepInputs): void;
  /** All that the next step depends on, by `SLOT.PARAMETER`. */
  readonly state: ReadonlyMap<string, Variable>;
  dispose(): void;
}

/** Changes one parameter and its slots. */
type Update = (p: Variable, g: Tensor, slots: Variable[]) => void;

interface Rule {
  readonly slots: readonly string[];
  /** The update of all parameters at a step. */
  at(step: StepInputs): Update;
}

/** The optimizer of each phase, by its name. */
export function optimizersOf(vae: VAE, { exp_params }: Pick<Config, "exp_params">): Map<string, Optimizer> {
  const names = vae.phases.map(({ name }) => name);
  return new Map(
    vae.phases.map((phase) => {
      const owned = [...vae.params].filter(([name, p]) => p.trainable && phase.owns(name));
      const exp = optimizerParams(exp_params, names, phase.name);
      const values = new Map(owned.map(([name, p]) => [name, p.value]));
      return [phase.name, createOptimizer(exp, values, phase.name)];
    }),
  );
}

/** The optimizer of `phase` that `exp.optimizer` names, over `params` by name. */
export function createOptimizer(
  exp: OptimizerParams,
  params: ReadonlyMap<string, Variable>,
  phase = "vae",
): Optimizer {
  const { slots, at } = exp.optimizer === "sgd" ? sgd(exp, phase) : adam(exp, phase);
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
    apply: (grads, step) =>
      tf.tidy(() => {
        const update = at(step);
        for (const [name, g] of grads) {
          const held = slots.map((slot) => state.get(`${slot}.${name}`)!);
          tf.tidy(() => update(params.get(name)!, g, held));
        }
      }),
    dispose: () => {
      for (const v of state.values()) v.dispose();
    },
  };
}

/**
 * Adam (arXiv 1412.6980, algorithm 1) as torch.optim.Adam computes it, epsilon beside sqrt(v_hat); `adamw` is
 * arXiv 1711.05101, algorithm 2, else weight decay is an L2 penalty in the gradient. The beta powers come from
 * the step number, so that a resumed run has the same bits.
 */
function adam(exp: OptimizerParams, phase: string): Rule {
  const [beta1, beta2] = exp.betas as [number, number];
  const decay = exp.weight_decay;
  const decoupled = exp.optimizer === "adamw" && decay > 0;
  const correction = (step: number) => Math.sqrt(1 - beta2 ** (step + 1));
  return {
    slots: ["m", "v"],
    at(inputs) {
      const rate = inputs.scalar(
        ({ step, lr }) => (rateOf(lr, phase) * correction(step)) / (1 - beta1 ** (step + 1)),
      );
      const epsilon = inputs.scalar(({ step }) => exp.eps * correction(step));
      const keep = decoupled ? inputs.scalar(({ lr }) => 1 - rateOf(lr, phase) * decay) : undefined;
      return (p, grad, [m, v]) => {
        const g = decay > 0 && !decoupled ? tf.add(grad, tf.mul(p, decay)) : grad;
        if (keep !== undefined) p.assign(tf.mul(p, keep));
        adamUpdate({ p, m: m!, v: v! }, g, { beta1, beta2, rate, epsilon });
      };
    },
  };
}

/** Gradient descent with momentum as torch.optim.SGD computes it: b = momentum b + g, p -= lr b. */
function sgd(exp: OptimizerParams, phase: string): Rule {
  return {
    slots: exp.momentum > 0 ? ["momentum"] : [],
    at(inputs) {
      const lr = inputs.scalar(({ lr }) => rateOf(lr, phase));
      return (p, grad, [momentum]) => {
        const g = exp.weight_decay > 0 ? tf.add(grad, tf.mul(p, exp.weight_decay)) : grad;
        momentum?.assign(tf.add(tf.mul(momentum, exp.momentum), g));
        p.assign(tf.sub(p, tf.mul<Scalar>(momentum ?? g, lr)));
      };
    },
  };
}
