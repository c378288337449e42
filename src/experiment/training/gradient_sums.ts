import type { Config } from "../../config/schema.ts";
import type { VAE } from "../../models/vae.ts";
import { type Scalar, type Tensor, tf, type Variable } from "../../tf.ts";
import type { StepInputs } from "./step_inputs.ts";

/** The sums of gradients over the batches of a step, by phase; zero between two steps. */
export class GradientSums {
  private readonly sums: ReadonlyMap<string, ReadonlyMap<string, Variable>>;

  constructor(vae: VAE) {
    const zeros = (value: Variable) => tf.tidy(() => tf.variable(tf.zerosLike(value), false));
    this.sums = new Map(
      vae.phases.map((phase) => {
        const owned = [...vae.params].filter(([name, p]) => p.trainable && phase.owns(name));
        return [phase.name, new Map(owned.map(([name, p]) => [name, zeros(p.value)]))];
      }),
    );
  }

  /** All sums; what a step of several batches reads and changes besides. */
  get variables(): readonly Variable[] {
    return [...this.sums.values()].flatMap((sums) => [...sums.values()]);
  }

  /** Adds a batch's gradients, by parameter name, to a phase's sums. */
  add(phase: string, grads: ReadonlyMap<string, Tensor>): void {
    for (const [name, sum] of this.of(phase)) tf.tidy(() => sum.assign(tf.add(sum, grads.get(name)!)));
  }

  /** The mean over the step's batches, of which the last has these gradients; the phase's sums are zero after it. */
  mean(phase: string, grads: ReadonlyMap<string, Tensor>, at: StepInputs): Map<string, Tensor> {
    const share = at.scalar(({ batches = 1 }) => 1 / batches);
    const means = new Map<string, Tensor>();
    for (const [name, sum] of this.of(phase)) {
      means.set(name, tf.tidy(() => tf.mul<Scalar>(tf.add(sum, grads.get(name)!), share)) as Tensor);
      tf.tidy(() => sum.assign(tf.zerosLike(sum)));
    }
    return means;
  }

  dispose(): void {
    for (const sum of this.variables) sum.dispose();
  }

  private of(phase: string): ReadonlyMap<string, Variable> {
    return this.sums.get(phase)!;
  }
}

/** Batches that a step takes; the last of an epoch takes what is left over. */
export const batchesAStep = ({ trainer_params }: Config): number =>
  trainer_params.accumulate_grad_batches ?? 1;

/** The sums that a config's steps need, where they take several batches. */
export const gradientSumsOf = (vae: VAE, config: Config): GradientSums | undefined =>
  batchesAStep(config) > 1 ? new GradientSums(vae) : undefined;
