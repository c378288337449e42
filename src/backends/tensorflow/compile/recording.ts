import { Unrecordable } from "../../compiler.ts";
import type { Binding, Observer, OpAttr, TensorMetadata } from "../binding.ts";
import type { Values } from "../tensors.ts";

/** Where an op's input comes from. */
export type Ref =
  | { readonly kind: "node"; readonly node: number; readonly output: number }
  | { readonly kind: "variable" | "resource" | "input" | "constant" | "capture"; readonly index: number };

export interface Node {
  readonly name: string;
  readonly attrs: readonly OpAttr[];
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Omit<TensorMetadata, "id">[];
}

export interface Constant {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly values: Values;
}

/** The ops of one run of a function of tensors, with their inputs by origin. */
export interface Recording {
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
  /** Tensors from outside that are neither variables nor inputs, by id: a frozen network's weights. */
  readonly captures: readonly number[];
  readonly outputs: readonly Ref[];
  /** By variable: where its new value comes from; absent where an op changed its resource or nothing did. */
  readonly assigned: ReadonlyMap<number, Ref>;
}

/** Records the ops that the binding runs. */
export class Recorder implements Observer {
  private readonly nodes: Node[] = [];
  private readonly constants: Constant[] = [];
  private readonly captures: number[] = [];
  private readonly origin = new Map<number, Ref>();
  private inputs = 0;
  private problem: string | undefined;

  /** @param variables, resources ids of the tensors and resources of each variable */
  constructor(
    private readonly variables: readonly number[],
    resources: readonly number[],
  ) {
    variables.forEach((id, index) => {
      this.origin.set(id, { kind: "variable", index });
    });
    resources.forEach((id, index) => {
      this.origin.set(id, { kind: "resource", index });
    });
  }

  op(
    name: string,
    attrs: readonly OpAttr[],
    inputs: readonly number[],
    outputs: readonly TensorMetadata[],
  ): void {
    const node = this.nodes.length;
    this.nodes.push({
      name,
      attrs: structuredClone(attrs),
      inputs: inputs.map((id) => this.ref(id)),
      outputs,
    });
    outputs.forEach(({ id }, output) => {
      this.origin.set(id, { kind: "node", node, output });
    });
  }

  constant(id: number, shape: readonly number[], dtype: number, values: Values): void {
    if (Array.isArray(values)) this.fail("it makes text");
    const index = this.constants.push({ shape: [...shape], dtype, values: values.slice() as Values }) - 1;
    this.origin.set(id, { kind: "constant", index });
  }

  read(): void {
    this.fail("it reads the values of a tensor (dataSync) while it computes");
  }

  /** Declares that a tensor is an input, whatever it was; inputs are numbered in this order. */
  input(id: number): void {
    this.origin.set(id, { kind: "input", index: this.inputs++ });
  }

  /** Takes note of what can't be recorded. */
  fail(why: string): void {
    this.problem ??= why;
  }

  /** @param after the ids of the variables' tensors at the end. @throws Unrecordable */
  finish(outputs: readonly number[], after: readonly number[]): Recording {
    if (this.problem !== undefined) throw new Unrecordable(this.problem);
    const assigned = new Map<number, Ref>();
    after.forEach((id, index) => {
      const ref = this.ref(id);
      if (id !== this.variables[index] && !this.isReadOf(ref, index)) assigned.set(index, ref);
    });
    const { nodes, constants, captures } = this;
    return { nodes, constants, captures, outputs: outputs.map((id) => this.ref(id)), assigned };
  }

  private isReadOf(ref: Ref, variable: number): boolean {
    if (ref.kind !== "node") return false;
    const { name, inputs } = this.nodes[ref.node]!;
    return name === "ReadVariableOp" && inputs[0]!.kind === "resource" && inputs[0]!.index === variable;
  }

  private ref(id: number): Ref {
    let found = this.origin.get(id);
    if (found === undefined) {
      found = { kind: "capture", index: this.captures.push(id) - 1 };
      this.origin.set(id, found);
    }
    return found;
  }
}

/** What `record` gives while the binding tells `recorder` of each op. */
export function observe<T>(binding: Binding, recorder: Recorder, record: () => T): T {
  binding.observer = recorder;
  try {
    return record();
  } finally {
    binding.observer = undefined;
  }
}

/**
 * The first difference between two runs: a number that was computed in JavaScript and is not an input, another
 * op, another tensor from outside. Undefined: the second run is the first one on other inputs.
 *
 * A tensor from outside that was first used in run `a` is a constant there, since tfjs uploads late.
 *
 * @param values the values of a tensor by id
 */
export function difference(a: Recording, b: Recording, values: (id: number) => Values): string | undefined {
  const text = (value: unknown) => JSON.stringify(value);
  const same = (x: Ref, y: Ref): boolean => {
    if (x.kind === "capture" && y.kind === "capture") return a.captures[x.index] === b.captures[y.index];
    if (x.kind === "constant" && y.kind === "capture")
      return sameValues(a.constants[x.index]!.values, values(b.captures[y.index]!));
    if (x.kind === "constant" && y.kind === "constant")
      return sameConstant(a.constants[x.index]!, b.constants[y.index]!);
    return text(x) === text(y);
  };
  if (a.nodes.length !== b.nodes.length) return "it runs other ops from step to step";
  for (const [i, { name, attrs, inputs }] of a.nodes.entries()) {
    const other = b.nodes[i]!;
    if (name !== other.name || text(attrs) !== text(other.attrs))
      return `its op ${name} is another one at the next step`;
    for (const [k, ref] of inputs.entries()) {
      if (same(ref, other.inputs[k]!)) continue;
      if (ref.kind === "constant")
        return `a number of its op ${name} changes from step to step (use ctx.schedule and ctx.rng for such numbers)`;
      return `its op ${name} takes other tensors from step to step`;
    }
  }
  const results = (r: Recording) => [...r.outputs, ...r.assigned.values()];
  const agree =
    text([...a.assigned.keys()]) === text([...b.assigned.keys()]) &&
    results(a).every((ref, i) => same(ref, results(b)[i]!));
  return agree ? undefined : "it gives other results from step to step";
}

const sameConstant = (a: Constant, b: Constant): boolean =>
  String(a.shape) === String(b.shape) && a.dtype === b.dtype && sameValues(a.values, b.values);

function sameValues(a: Values, b: Values): boolean {
  const [x, y] = [a, b].map((v) => {
    const { buffer, byteOffset, byteLength } = v as Float32Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  return x!.equals(y!);
}
