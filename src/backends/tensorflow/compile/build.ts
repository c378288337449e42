import type { Precision } from "../../compiler.ts";
import type { Binding } from "../binding.ts";
import { AttrType, DType } from "../c_api.ts";
import { Graph, isReduction } from "./graph.ts";
import { Places } from "./low_precision.ts";
import type { Recording, Ref } from "./recording.ts";

/** What a function is called with, in this order. */
export interface Signature {
  /** Indices of the variables whose resources it takes. */
  readonly variables: readonly number[];
  /** Indices of the inputs that it uses. */
  readonly inputs: readonly number[];
  /** Ids of tensors from outside. */
  readonly captures: readonly number[];
}

export interface Shapes {
  readonly variables: readonly (readonly number[])[];
  readonly inputs: readonly { readonly shape: readonly number[]; readonly dtype: number }[];
}

const FLOAT = [{ name: "dtype", type: AttrType.TYPE, value: DType.FLOAT }];

/** Makes a function of TensorFlow's out of a recording. Ops on one variable keep their order. */
export function buildFunction(
  binding: Binding,
  recording: Recording,
  shapes: Shapes,
  precision: Precision,
): { name: string; signature: Signature } {
  const { nodes, constants, captures, outputs, assigned } = recording;
  const live = liveNodes(recording);
  const used = usedRefs(recording, live);
  const indices = (...kinds: Ref["kind"][]): number[] => {
    const found = [...used]
      .filter((ref) => kinds.includes(ref.kind))
      .map((ref) => (ref as { index: number }).index);
    return [...new Set(found)].sort((a, b) => a - b);
  };
  const variables = [...new Set([...indices("variable", "resource"), ...assigned.keys()])].sort(
    (a, b) => a - b,
  );
  const graph = new Graph(binding);
  try {
    const places = new Places(graph, precision === "bfloat16");
    const resources = new Map(
      variables.map((v) => [v, graph.argument(DType.FLOAT, shapes.variables[v]!, true)] as const),
    );
    /** The last op on each variable, which the next one on it waits for. */
    const last = new Map<number, number>();
    for (const [index, resource] of resources) places.put({ kind: "resource", index }, resource);
    const inputs = indices("input");
    for (const index of inputs) {
      const { dtype, shape } = shapes.inputs[index]!;
      places.put({ kind: "input", index }, graph.argument(dtype, shape));
    }
    const captured = indices("capture");
    for (const index of captured) {
      const { dtype, shape } = binding.describe(captures[index]!);
      places.put({ kind: "capture", index }, graph.argument(dtype, shape));
    }
    for (const index of indices("variable")) {
      const oper = graph.op("ReadVariableOp", FLOAT, [resources.get(index)!]);
      places.put({ kind: "variable", index }, { oper, index: 0 });
      last.set(index, oper);
    }
    for (const index of indices("constant")) {
      const { shape, dtype, values } = constants[index]!;
      places.put({ kind: "constant", index }, graph.constant(shape, dtype, values));
    }
    /** The last reduction over ranks, for which the next one waits: all ranks have them in this order. */
    let reduction: number[] = [];
    nodes.forEach((node, index) => {
      if (!live.has(index)) return;
      const touched = node.inputs.flatMap((ref) => (ref.kind === "resource" ? [ref.index] : []));
      const after = touched.flatMap((v) => last.get(v) ?? []);
      const before = isReduction(node.name) ? reduction : [];
      const oper = places.add(node, index, [...new Set([...after, ...before])]);
      if (isReduction(node.name)) reduction = [oper];
      for (const v of touched) last.set(v, oper);
    });
    for (const [v, ref] of assigned) {
      const before = last.has(v) ? [last.get(v)!] : [];
      last.set(v, graph.op("AssignVariableOp", FLOAT, [resources.get(v)!, places.get(ref)], before));
    }
    const results = outputs.map((ref) => places.get(ref));
    const name = graph.toFunction(results, [...new Set(last.values())]);
    return { name, signature: { variables, inputs, captures: captured.map((i) => captures[i]!) } };
  } catch (error) {
    graph.dispose();
    throw error;
  }
}

/** Nodes that a result, a new value or an effect (an op without outputs) depends on. */
function liveNodes({ nodes, outputs, assigned }: Recording): Set<number> {
  const live = new Set<number>();
  const visit = (ref: Ref) => {
    if (ref.kind === "node") live.add(ref.node);
  };
  for (const ref of [...outputs, ...assigned.values()]) visit(ref);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { inputs, outputs: made } = nodes[i]!;
    if (made.length === 0) live.add(i);
    if (live.has(i)) for (const ref of inputs) visit(ref); // all come before it
  }
  return live;
}

function usedRefs({ nodes, outputs, assigned }: Recording, live: ReadonlySet<number>): Set<Ref> {
  return new Set([...[...live].flatMap((i) => nodes[i]!.inputs), ...outputs, ...assigned.values()]);
}
