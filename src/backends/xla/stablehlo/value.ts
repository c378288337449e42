import type { DeviceBuffer } from "../pjrt/index.ts";
import { type ElementType, type HostValues, type Shape, tensorType } from "./types.ts";

/** An operation that has not run. */
export interface Operation {
  readonly name: string;
  readonly inputs: readonly Value[];
  /** The operation's text from its operands' names and types and its own type. */
  text(names: readonly string[], types: readonly string[], type: string): string;
  /** Of a constant of one value everywhere: that value. */
  readonly splat?: number;
  /** Whether a step in bfloat16 runs it in that type: a convolution or a product. */
  readonly lowers?: boolean;
}

/** Where a value is. */
type Place =
  | { readonly operation: Operation }
  | { readonly host: HostValues }
  | { readonly buffers: readonly DeviceBuffer[] }
  | undefined;

/**
 * A tensor's values, which never change: to be computed, in JavaScript's memory or on the device. References are
 * counted, as buffers must be freed by hand; operations refer to their inputs.
 */
export class Value {
  private references = 0;
  private place: Place;
  /** Declared as an input of the step that is being traced, so that its values mean nothing. */
  input = false;
  /** Of a variable: an argument of its own in each program, so that these are the same wherever its values came from. */
  variable = false;

  constructor(
    readonly shape: Shape,
    readonly type: ElementType,
    place: NonNullable<Place>,
  ) {
    this.place = place;
    for (const input of this.operation?.inputs ?? []) input.retain();
  }

  get operation(): Operation | undefined {
    return this.place && "operation" in this.place ? this.place.operation : undefined;
  }

  get host(): HostValues | undefined {
    return this.place && "host" in this.place ? this.place.host : undefined;
  }

  /** On the first device. */
  get buffer(): DeviceBuffer | undefined {
    return this.buffers[0];
  }

  /** The same values on each of the first devices; none where they are not on any. */
  get buffers(): readonly DeviceBuffer[] {
    return this.place && "buffers" in this.place ? this.place.buffers : [];
  }

  /** Whether more than one refers to it. */
  get shared(): boolean {
    return this.references > 1;
  }

  get typeText(): string {
    return tensorType(this.shape, this.type);
  }

  retain(): this {
    this.references++;
    return this;
  }

  release(): void {
    const left: Value[] = [this];
    for (let v = left.pop(); v !== undefined; v = left.pop()) {
      if (--v.references > 0) continue;
      left.push(...(v.operation?.inputs ?? []));
      v.drop();
    }
  }

  /** Says that the value is in `buffers` now, one a device; its operation is forgotten. */
  settle(...buffers: readonly DeviceBuffer[]): void {
    const inputs = this.operation?.inputs ?? [];
    this.place = { buffers };
    for (const input of inputs) input.release();
  }

  private drop(): void {
    const { buffers } = this;
    this.place = undefined;
    for (const buffer of buffers) buffer.destroy();
  }
}

/** A value that an operation will make. */
export const operation = (
  shape: Shape,
  type: ElementType,
  name: string,
  inputs: readonly Value[],
  text: Operation["text"],
  more: Pick<Operation, "splat" | "lowers"> = {},
): Value => new Value(shape, type, { operation: { name, inputs, text, ...more } });
