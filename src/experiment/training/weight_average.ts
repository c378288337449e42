import type { Config } from "../../config/schema.ts";
import type { VAE } from "../../models/vae.ts";
import { type Scalar, tf, type Variable } from "../../tf.ts";
import type { StepInputs } from "./step_inputs.ts";

/**
 * The decay of an average that holds `steps` steps: that of the config, lower at first, as TensorFlow's
 * `tf.train.ExponentialMovingAverage` has it with `num_updates`. So the weights that it began with are soon out of it:
 * after ten steps their share is 1e-5.
 */
export const decayAt = (decay: number, steps: number): number => Math.min(decay, (1 + steps) / (10 + steps));

/**
 * An exponential moving average of a model's weights over its steps (Polyak and Juditsky, 1992; as an average with decay
 * Karras et al., arXiv 1710.10196, appendix A.1): a = a + (1 - decay) (w - a). What no optimizer owns is averaged alike: batch
 * norm's running statistics, an EMA codebook. Those of now are of weights that the averaged ones lag behind.
 */
export class WeightAverage {
  /** By parameter name. */
  readonly state: ReadonlyMap<string, Variable>;
  /** Optimizer steps done when it began. */
  private from = 0;

  /** Begins with the weights as they are. */
  constructor(
    private readonly vae: Pick<VAE, "params">,
    private readonly decay: number,
  ) {
    const averaged = [...vae.params].filter(([, { fitted }]) => !fitted); // a prior is fitted to the averaged weights' codes
    this.state = new Map(
      averaged.map(([name, { value }]) => [name, tf.tidy(() => tf.variable(tf.mul(value, 1), false))]),
    );
  }

  /** Takes in the weights that the step at `at` made, as a part of it. */
  update(at: StepInputs): void {
    tf.tidy(() => {
      const rate = at.scalar(({ step }) => 1 - decayAt(this.decay, step - this.from));
      for (const [name, average] of this.state) {
        const weight = this.weight(name);
        tf.tidy(() => average.assign(tf.add(average, tf.mul<Scalar>(tf.sub(weight, average), rate))));
      }
    });
  }

  /** Its values are of an average that began at optimizer step `from`. */
  goOn(from: number): void {
    this.from = from;
  }

  /** Begins anew at optimizer step `from`, with the weights as they are. */
  restart(from: number): void {
    this.from = from;
    for (const [name, average] of this.state) tf.tidy(() => average.assign(tf.mul(this.weight(name), 1)));
  }

  /** `use` while the model has the averaged weights, which have to be readable; then it has its own again. */
  async during<T>(use: () => Promise<T>): Promise<T> {
    const own = new Map([...this.state.keys()].map((name) => [name, tf.clone(this.weight(name))]));
    try {
      for (const [name, average] of this.state) this.weight(name).assign(average);
      return await use();
    } finally {
      for (const [name, value] of own) this.weight(name).assign(value);
      tf.dispose([...own.values()]);
    }
  }

  dispose(): void {
    for (const average of this.state.values()) average.dispose();
  }

  private weight(name: string): Variable {
    return this.vae.params.get(name)!.value;
  }
}

/** The average that a config asks for, if it does. */
export function averageOf(vae: VAE, { trainer_params: { ema } }: Config): WeightAverage | undefined {
  if (ema === undefined) return undefined;
  return new WeightAverage(vae, typeof ema === "number" ? ema : ema.decay);
}
