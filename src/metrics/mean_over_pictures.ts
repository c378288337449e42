import type { Tensor1D, Tensor4D } from "../tf.ts";
import type { Metric, PictureMetric, PictureSetup } from "./define.ts";

/** The mean of values that come batch by batch. */
export class Mean {
  private sum = 0;
  private count = 0;

  /** Adds values, [B]. */
  add(values: Tensor1D): void {
    const found: ArrayLike<number> = values.dataSync();
    this.sum = Array.from(found).reduce((a, b) => a + b, this.sum);
    this.count += found.length;
  }

  get value(): number {
    return this.sum / this.count;
  }
}

/** Of each pair of an image and its reconstruction, both [B, H, W, C] in [0, 1], a number: [B]. */
export interface Comparison {
  of(images: Tensor4D, recons: Tensor4D): Tensor1D;
  dispose?(): void;
}

/** A metric that is one number, the mean over pairs of an image and its reconstruction. */
export function defineComparison(
  definition: Omit<PictureMetric, "kind" | "numbers" | "open"> & {
    readonly says: Metric;
    /** Whether its number bears the name of the network that judges. */
    readonly byNetwork?: true;
    load(setup: PictureSetup): Comparison | Promise<Comparison>;
  },
): PictureMetric {
  const { says, byNetwork, load, ...rest } = definition;
  const numberBy = (network: string) => (byNetwork ? `${rest.name}_${network}` : rest.name);
  return {
    kind: "pictures",
    ...rest,
    numbers: { [numberBy("NETWORK")]: says },
    async open(setup) {
      const comparison = await load(setup);
      const mean = new Mean();
      return {
        pairs: (images, recons) => mean.add(comparison.of(images, recons)),
        numbers: () => ({ [numberBy(setup.options.network.name)]: mean.value }),
        ...(comparison.dispose && { dispose: () => comparison.dispose!() }),
      };
    },
  };
}
