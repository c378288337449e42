import { tf, type Variable } from "../../tf.ts";
import type { RunState } from "../runs/run_state.ts";

/**
 * A copy of a run's state in memory, to go back to. It lies outside the backend, where no op can round it, and its
 * room is taken once.
 */
export class LastGood {
  private readonly values: Float32Array[];
  private at: RunState | undefined;

  constructor(private readonly variables: readonly Variable[]) {
    this.values = variables.map((v) => new Float32Array(v.size));
  }

  /** Copies the variables, which have to be readable, as those of `state`. */
  take(state: RunState): void {
    this.variables.forEach((v, i) => {
      this.values[i]!.set(v.dataSync() as Float32Array);
    });
    this.at = structuredClone(state);
  }

  /** Puts the values back into the variables, and returns where the run stood. */
  restore(): RunState {
    if (this.at === undefined) throw new Error("nothing was kept to go back to");
    this.variables.forEach((v, i) => {
      tf.tidy(() => v.assign(tf.tensor(this.values[i]!.slice(), v.shape, "float32")));
    });
    return structuredClone(this.at);
  }
}

/** Whether all numbers of `variables` are finite. */
export const allFinite = (variables: readonly Variable[]): boolean =>
  variables.every((v) => (v.dataSync() as Float32Array).every(Number.isFinite));
