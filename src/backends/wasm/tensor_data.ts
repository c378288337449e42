import type { DataType, TensorInfo, TypedArray } from "../../tf.ts";
import type { SharedMemory } from "./memory.ts";

const TYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** The values of a tensor in the shared memory; strings and the parts of complex ones are held outside it. */
export class TensorData {
  readonly at: number;
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  private strings: readonly Uint8Array[] = [];
  private view: TypedArray | undefined;
  private packed: Map<string, number> | undefined;

  constructor(
    private readonly memory: SharedMemory,
    readonly dtype: DataType,
    private readonly length: number,
    public refCount: number,
  ) {
    const Type = TYPES[dtype as keyof typeof TYPES];
    this.at = Type === undefined ? 0 : memory.allocate(length * Type.BYTES_PER_ELEMENT);
  }

  /** A view of the values, which is wrong after the tensor's disposal. */
  get values(): TypedArray {
    if (this.dtype === "string") return this.strings as unknown as TypedArray;
    this.view ??= this.memory.view<TypedArray>(TYPES[this.dtype as keyof typeof TYPES], this.at, this.length);
    return this.view;
  }

  /** Sets the values; zeros where none are given. */
  fill(values: TypedArray | readonly Uint8Array[] | undefined): void {
    if (this.dtype === "string") this.strings = (values ?? []) as Uint8Array[];
    else if (this.dtype === "complex64") return;
    else if (values === undefined) this.values.fill(0);
    else this.values.set(values as TypedArray);
  }

  /**
   * The address of another form of the values, made by `make` at the first use and kept as long as they are:
   * a tensor's values never change, but for `changed`.
   */
  packedAs(form: string, bytes: number, make: (at: number) => void): number {
    this.packed ??= new Map();
    let at = this.packed.get(form);
    if (at === undefined) {
      at = this.memory.allocate(bytes);
      this.packed.set(form, at);
      make(at);
    }
    return at;
  }

  /** Says that a kernel wrote the values in place. */
  changed(): void {
    for (const at of this.packed?.values() ?? []) this.memory.release(at);
    this.packed = undefined;
  }

  release(): void {
    this.changed();
    if (this.at !== 0) this.memory.release(this.at);
  }
}
