import { PRECISION } from "./contract.ts";
import { denseText } from "./literal.ts";
import { sizeOf, tensorType } from "./types.ts";
import type { Value } from "./value.ts";

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
  /** By argument: the result that may take its memory. */
  readonly donate?: ReadonlyMap<number, number>;
  readonly precision: FloatPrecision;
  /** Convolutions and products in bfloat16. */
  readonly bfloat16?: boolean;
  readonly replicas?: number;
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
  private readonly names = new Map<Value, string>();
  private readonly lines: string[] = [];
  private readonly known = new Map<string, string>();
  private readonly parameters: Value[] = [];
  private readonly packed: Value[] = [];
  /** Where the next packed value starts. */
  private packedSize = 0;

  constructor(private readonly options: ModuleOptions) {
    for (const value of options.parameters ?? []) this.parameter(value);
    for (const value of options.packed ?? []) this.pack(value);
  }

  emit(outputs: readonly Value[]): Module {
    for (const output of outputs) this.visit(output);
    const { donate, replicas = 1 } = this.options;
    const args = this.parameters.map((value, i) => {
      const to = donate?.get(i);
      return `%a${i}: ${value.typeText}${to === undefined ? "" : ` {tf.aliasing_output = ${to} : i32}`}`;
    });
    if (this.packed.length > 0) args.push(`%packed: ${this.packedType}`);
    const types = outputs.map((o) => o.typeText).join(", ");
    const names = outputs.map((o) => this.names.get(o)).join(", ");
    const text = `module @vae attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = ${replicas} : i32} {
  func.func public @main(${args.join(", ")}) -> (${types}) {
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
      if (this.names.has(v)) {
        stack.pop();
        continue;
      }
      const missing = v.operation?.inputs.filter((input) => !this.names.has(input)) ?? [];
      if (missing.length > 0) {
        stack.push(...missing.reverse());
        continue;
      }
      stack.pop();
      this.write(v);
    }
  }

  private write(v: Value): void {
    const { operation } = v;
    if (operation === undefined) this.leaf(v);
    else if (this.options.bfloat16 && operation.lowers && v.type === "float32") {
      const type = tensorType(v.shape, "bfloat16");
      const inputs = operation.inputs.map((input) => this.lowered(input));
      const types = operation.inputs.map(({ shape }) => tensorType(shape, "bfloat16"));
      const y = this.line(operation.text(inputs, types, type));
      this.names.set(v, this.line(`stablehlo.convert ${y} : (${type}) -> ${v.typeText}`));
    } else {
      const inputs = operation.inputs.map((input) => this.names.get(input)!);
      const types = operation.inputs.map((input) => input.typeText);
      this.names.set(v, this.line(operation.text(inputs, types, v.typeText)));
    }
  }

  /** A value in bfloat16. A reversed filter is cast before, for XLA knows an input's gradient by the reversal. */
  private lowered(v: Value): string {
    const { operation } = v;
    const type = tensorType(v.shape, "bfloat16");
    if (operation?.name === "reverse")
      return this.line(operation.text([this.lowered(operation.inputs[0]!)], [type], type));
    return this.line(`stablehlo.convert ${this.names.get(v)} : (${v.typeText}) -> ${type}`);
  }

  private leaf(v: Value): void {
    const as = this.options.leaf(v);
    if (as === "constant") this.names.set(v, this.line(denseText(v.type, v.host!, v.shape)));
    else if (as === "packed") this.pack(v);
    else this.parameter(v);
  }

  private parameter(v: Value): void {
    this.names.set(v, `%a${this.parameters.push(v) - 1}`);
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

/** Stands for the packed argument's type until its size is known. */
const PACKED_TYPE = "$PACKED";
