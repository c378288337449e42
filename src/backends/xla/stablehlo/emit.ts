import { type BiasedRelu, biasedRelus } from "./biased.ts";
import { PRECISION } from "./contract.ts";
import { convert } from "./elementwise.ts";
import { FrozenValues } from "./frozen.ts";
import { denseText, splatText } from "./literal.ts";
import { transpose } from "./shape.ts";
import { type ElementType, sizeOf, tensorType } from "./types.ts";
import type { Operation, Value } from "./value.ts";

/**
 * How float32 convolutions and products are computed. `DEFAULT` leaves it to the device: TF32 on NVIDIA's, as in
 * PyTorch's and jax's convolutions; `HIGHEST` is float32 throughout.
 */
export type FloatPrecision = "DEFAULT" | "HIGHEST";

export interface ModuleOptions {
  /** The first arguments. */
  readonly parameters?: readonly Value[];
  /** Values, float32, that lie one behind the other in the last argument. */
  readonly packed?: readonly Value[];
  /** What becomes of another value that is there: part of the text, of the packed argument, or an argument. */
  leaf(value: Value): "constant" | "packed" | "parameter";
  /** Those of `parameters` of which each device has a part of the first axis; of all else it has the whole. */
  readonly split?: ReadonlySet<Value>;
  /** By argument: the result that may take its memory. */
  readonly donate?: ReadonlyMap<number, number>;
  readonly precision: FloatPrecision;
  /** Convolutions and products in bfloat16. */
  readonly bfloat16?: boolean;
  /**
   * What is computed from arguments beyond `parameters` alone becomes an argument itself: a value that is still to be
   * computed, once.
   */
  readonly hold?: "as it is" | "filters first";
  /** Devices that run it together; 1 where left out. */
  readonly devices?: number;
}

/** A module of StableHLO. */
export interface Module {
  readonly text: string;
  /** What its arguments are, in order. */
  readonly parameters: readonly Value[];
  /** What the argument behind those holds; there is none where this is empty. */
  readonly packed: readonly Value[];
}

/** A module that computes `outputs`. */
export function emitModule(outputs: readonly Value[], options: ModuleOptions): Module {
  return new Emitter(options).emit(outputs);
}

/** Of equal operations on equal values only the first is written. */
class Emitter {
  /** What was written of a value: in its own type, and in bfloat16. The one is cast from the other when it is asked for. */
  private readonly names = new Map<Value, string>();
  private readonly lowNames = new Map<Value, string>();
  private readonly lines: string[] = [];
  private readonly known = new Map<string, string>();
  private readonly parameters: Value[] = [];
  private readonly packed: Value[] = [];
  /** Where the next packed value starts. */
  private packedSize = 0;
  private readonly frozen: FrozenValues | undefined;
  /** What a step in bfloat16 computes in that type to the end, as one operation of cuDNN. */
  private relus: ReadonlyMap<Value, BiasedRelu> = new Map();

  constructor(private readonly options: ModuleOptions) {
    for (const value of options.parameters ?? []) this.parameter(value);
    for (const value of options.packed ?? []) this.pack(value);
    const given = new Set(this.names.keys());
    if (options.hold === undefined) return;
    const places = { parameter: "captured", constant: "text", packed: undefined } as const;
    this.frozen = new FrozenValues((value) => (given.has(value) ? undefined : places[options.leaf(value)]));
  }

  emit(outputs: readonly Value[]): Module {
    if (this.options.bfloat16) this.relus = biasedRelus(outputs);
    for (const output of outputs) this.visit(output);
    const names = outputs.map((o) => this.name(o)).join(", ");
    const { donate, devices = 1, split } = this.options;
    const [whole, parts] = devices === 1 ? [[], () => []] : [[WHOLE], partsOf(devices)];
    const args = this.parameters.map((value, i) => {
      const to = donate?.get(i);
      const aliasing = to === undefined ? [] : [`tf.aliasing_output = ${to} : i32`];
      const place = split?.has(value) ? parts(value) : whole;
      return `%a${i}: ${attributed(value.typeText, [...aliasing, ...place])}`;
    });
    if (this.packed.length > 0) args.push(`%packed: ${attributed(this.packedType, whole)}`);
    const types = outputs.map((o) => o.typeText).join(", ");
    const results = outputs.map((o) => attributed(o.typeText, whole)).join(", ");
    const text = `module @vae attributes {mhlo.num_partitions = ${devices} : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(${args.join(", ")}) -> (${results}) {
${this.lines.join("\n").replaceAll(PACKED_TYPE, this.packedType)}
    return ${names} : ${types}
  }
}
`;
    return { text, parameters: this.parameters, packed: this.packed };
  }

  /** Writes what a value needs, then itself. */
  private visit(root: Value): void {
    const stack = [root];
    for (let v = stack.at(-1); v !== undefined; v = stack.at(-1)) {
      if (this.isThere(v)) {
        stack.pop();
        continue;
      }
      const missing = this.needs(v).filter((input) => !this.isThere(input));
      if (missing.length > 0) {
        stack.push(...missing.reverse());
        continue;
      }
      stack.pop();
      this.write(v);
    }
  }

  private isThere(v: Value): boolean {
    return this.names.has(v) || this.lowNames.has(v) || this.frozen?.has(v) === true;
  }

  private needs(v: Value): readonly Value[] {
    const relu = this.relus.get(v);
    if (relu !== undefined) return [relu.convolution, relu.bias];
    const inputs = v.operation?.inputs ?? [];
    return this.isLowered(v) ? inputs.map((input) => reversed(input) ?? input) : inputs;
  }

  private write(v: Value): void {
    const { operation } = v;
    const relu = this.relus.get(v);
    if (operation === undefined) this.leaf(v);
    else if (relu !== undefined) this.lowNames.set(v, this.biasedRelu(operation, relu));
    else if (this.isLowered(v)) {
      const inputs = operation.inputs.map((input) => this.lowName(input));
      this.lowNames.set(v, this.lowered(operation, inputs, v));
    } else {
      const inputs = operation.inputs.map((input) => this.name(input));
      const types = operation.inputs.map((input) => input.typeText);
      this.names.set(v, this.line(operation.text(inputs, types, v.typeText)));
    }
  }

  /** Whether a convolution or a product is computed in bfloat16. */
  private isLowered({ operation, type }: Value): boolean {
    return this.options.bfloat16 === true && operation?.lowers === true && type === "float32";
  }

  private name(v: Value): string {
    let name = this.names.get(v);
    if (name !== undefined) return name;
    const low = this.lowNames.get(v);
    name = low === undefined ? this.held(v) : this.cast(low, v, "bfloat16", v.type);
    this.names.set(v, name);
    return name;
  }

  /** A value in bfloat16. A reversed filter is cast before, for XLA knows an input's gradient by the reversal. */
  private lowName(v: Value): string {
    let name = this.lowNames.get(v);
    if (name !== undefined) return name;
    const before = reversed(v);
    if (before !== undefined) name = this.lowered(v.operation!, [this.lowName(before)], v);
    else if (this.frozen?.has(v)) name = this.held(convert(v, "bfloat16"));
    else name = this.cast(this.name(v), v, v.type, "bfloat16");
    this.lowNames.set(v, name);
    return name;
  }

  private biasedRelu(operation: Operation, { convolution, bias, spread, sum }: BiasedRelu): string {
    const shift = this.lowered(spread.operation!, [this.lowName(bias)], spread);
    const shifted = this.lowered(sum.operation!, [this.lowName(convolution), shift], sum);
    const zero = this.line(splatText("bfloat16", 0, sum.shape));
    return this.lowered(operation, [shifted, zero], sum);
  }

  /** The operation of bfloat16 `inputs` that makes a value of the shape of `v`. */
  private lowered({ inputs, text }: Operation, names: readonly string[], { shape }: Value): string {
    const types = inputs.map((input) => tensorType(input.shape, "bfloat16"));
    return this.line(text(names, types, tensorType(shape, "bfloat16")));
  }

  private cast(name: string, { shape }: Value, from: ElementType, to: ElementType): string {
    return this.line(`stablehlo.convert ${name} : (${tensorType(shape, from)}) -> ${tensorType(shape, to)}`);
  }

  /** An argument that holds `v`; of a filter with its last axis first, where the device's library wants that. */
  private held(v: Value): string {
    if (this.options.hold !== "filters first" || v.shape.length !== 4) return this.parameter(v);
    const stored = transpose(v, [3, 0, 1, 2]);
    const { typeText } = stored;
    return this.line(
      `stablehlo.transpose ${this.parameter(stored)}, dims = [1, 2, 3, 0] : (${typeText}) -> ${v.typeText}`,
    );
  }

  private leaf(v: Value): void {
    const as = this.options.leaf(v);
    if (as === "constant") this.names.set(v, this.line(denseText(v.type, v.host!, v.shape)));
    else if (as === "packed") this.pack(v);
    else this.parameter(v);
  }

  private parameter(v: Value): string {
    const name = `%a${this.parameters.push(v) - 1}`;
    this.names.set(v, name);
    return name;
  }

  private pack(v: Value): void {
    const from = this.packedSize;
    const size = sizeOf(v.shape);
    this.packed.push(v);
    this.packedSize += size;
    const flat = tensorType([size], "float32");
    const part = this.line(
      `stablehlo.slice %packed [${from}:${this.packedSize}:1] : (${PACKED_TYPE}) -> ${flat}`,
    );
    const isFlat = v.shape.length === 1;
    this.names.set(v, isFlat ? part : this.line(`stablehlo.reshape ${part} : (${flat}) -> ${v.typeText}`));
  }

  private get packedType(): string {
    return tensorType([this.packedSize], "float32");
  }

  private line(text: string): string {
    const found = this.known.get(text);
    if (found !== undefined) return found;
    const name = `%${this.known.size}`;
    this.known.set(text, name);
    this.lines.push(`    ${name} = ${text.replaceAll(PRECISION, this.options.precision)}`);
    return name;
  }
}

/** What is reversed, where that is what a value is. */
const reversed = ({ operation }: Value): Value | undefined =>
  operation?.name === "reverse" ? operation.inputs[0] : undefined;

/** Where an argument or a result is of a program that several devices run: the whole of it on each. */
const WHOLE = 'mhlo.sharding = "{replicated}"';

/** Its first axis cut in as many parts as there are devices. */
const partsOf = (devices: number) => (value: Value) => {
  const axes = value.shape.map((_, axis) => (axis === 0 ? devices : 1));
  return [`mhlo.sharding = "{devices=[${axes.join(",")}]<=[${devices}]}"`];
};

const attributed = (type: string, attributes: readonly string[]): string =>
  attributes.length === 0 ? type : `${type} {${attributes.join(", ")}}`;

/** Stands for the packed argument's type until its size is known. */
const PACKED_TYPE = "$PACKED";
