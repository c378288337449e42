import type { TensorInfo } from "../../tf.ts";
import type { HostValues } from "./stablehlo/types.ts";
import type { Value } from "./stablehlo/value.ts";

/** What tfjs's cpu kernels take for a tensor's values. */
export type Held = HostValues | readonly Uint8Array[];

/** What lies behind a data id of tfjs's: a value, or, where XLA has no such type, text or complex numbers. */
export class TensorData {
  /** The two parts of complex numbers. */
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };

  constructor(
    /** Absent of text and complex numbers. */
    public value: Value | undefined,
    public refCount: number,
    private readonly valuesOf: () => Held,
  ) {}

  /** In JavaScript's memory, read from the device where need be; tfjs's cpu kernels ask for them and change nothing. */
  get values(): Held {
    return this.valuesOf();
  }
}
