import { gatherStrided } from "../formats/strided.ts";
import { constant, node, type Ref, type TensorData } from "./graph.ts";
import type { DataType } from "./proto.ts";
import { Unexportable } from "./unexportable.ts";

export type HostValues = Float32Array | Int32Array | Uint8Array;
export type ValueType = "float32" | "int32" | "bool";

/** What a tensor of tfjs's is while a graph is traced: values that are known, or where the graph has it. */
export class Value {
  private plainRef: Ref | undefined;
  private firstRef: Ref | undefined;
  private isUniform: boolean | undefined;

  /**
   * @param shape as tfjs has it, channels last
   * @param host its values, where no input is in them; or one alone that all of them are
   * @param first of four axes: the tensor as ONNX's convolutions have it, channels first
   */
  constructor(
    readonly shape: readonly number[],
    readonly type: ValueType,
    readonly given: {
      readonly host?: HostValues | undefined;
      readonly plain?: Ref;
      readonly first?: Ref;
      /** A parameter's. */
      readonly name?: string | undefined;
    },
    private readonly batch: number,
  ) {
    this.plainRef = given.plain;
    this.firstRef = given.first;
  }

  get isConstant(): boolean {
    return this.given.host !== undefined;
  }

  /** The one number that all its values are; undefined where they differ or depend on an input. */
  get uniform(): number | undefined {
    const { host } = this.given;
    if (host === undefined || host.length === 0) return undefined;
    this.isUniform ??= host.every((x) => x === host[0]);
    return this.isUniform ? host[0] : undefined;
  }

  /** All its values. @throws Unexportable where they depend on an input */
  get values(): HostValues {
    const { host } = this.given;
    if (host === undefined) throw new Unexportable("it reads the values of a tensor while it computes");
    const size = sizeOf(this.shape);
    if (host.length === size) return host;
    const all = new (host.constructor as Float32ArrayConstructor)(size);
    return all.fill(host[0]!) as HostValues;
  }

  /** Whether the graph has it channels first and not as it is. */
  get isFirst(): boolean {
    return this.firstRef !== undefined && this.plainRef === undefined;
  }

  /** The tensor as it is. */
  get plain(): Ref {
    if (this.plainRef !== undefined) return this.plainRef;
    const { host, name } = this.given;
    if (host === undefined) this.plainRef = node("Transpose", [this.firstRef!], { perm: [0, 2, 3, 1] });
    else this.plainRef = this.asConstant(this.shape, this.values, name);
    return this.plainRef;
  }

  /** Of four axes: channels first. */
  get first(): Ref {
    if (this.firstRef !== undefined) return this.firstRef;
    this.firstRef = this.isConstant
      ? this.permuted([0, 3, 1, 2])
      : node("Transpose", [this.plain], { perm: [0, 3, 1, 2] });
    return this.firstRef;
  }

  /** With its axes in another order. */
  permuted(perm: readonly number[]): Ref {
    if (!this.isConstant) return node("Transpose", [this.plain], { perm });
    const shape = perm.map((d) => this.shape[d]!);
    return this.asConstant(shape, permute(this.values, this.shape, perm), this.given.name);
  }

  /** Beside a tensor of its shape, which it is broadcast to where all its values are equal. */
  get operand(): Ref {
    const { uniform } = this;
    return uniform === undefined ? this.plain : scalar(this.type, uniform);
  }

  private asConstant(shape: readonly number[], values: HostValues, name?: string): Ref {
    if (shape.some((n) => n % this.batch === 0 && n > 0))
      return { kind: "problem", why: "it holds values of its own for each image of a batch" };
    return constant(this.type, shape, values as TensorData, name);
  }
}

export function scalar(type: ValueType, value: number): Ref {
  const data = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[type].of(value);
  return constant(type as DataType, [], data);
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function permute(values: HostValues, shape: readonly number[], perm: readonly number[]): HostValues {
  const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
  const dims = perm.map((d) => shape[d]!);
  const steps = perm.map((d) => strides[d]!);
  const out = values.slice();
  gatherStrided(out, values, { shape: dims, strides: steps });
  return out;
}
