import type { OpAttr } from "../binding.ts";
import { AttrType, DType } from "../c_api.ts";
import type { Graph } from "./graph.ts";
import type { Output } from "./graph_api.ts";
import type { Node, Ref } from "./recording.ts";

/** Inputs and outputs of an op that have its type `T`; `leads`: it always runs in bfloat16. */
interface Typed {
  readonly inputs: (count: number) => readonly number[];
  readonly outputs: readonly number[];
  readonly leads?: true;
}

const at = (...indices: number[]) => ({ inputs: () => indices, outputs: [0] });

/**
 * The ops that may run in bfloat16: convolutions do, and what stands between them follows. Batch norm's
 * statistics, scale and offset are of another type, `U`, which stays float32; so do losses and optimizers,
 * whose ops are not here.
 */
const TYPED: Readonly<Record<string, Typed>> = {
  Conv2D: { ...at(0, 1), leads: true },
  Conv2DBackpropInput: { ...at(1, 2), leads: true },
  Conv2DBackpropFilter: { ...at(0, 2), leads: true },
  AddV2: at(0, 1),
  BiasAdd: at(0, 1),
  ConcatV2: { inputs: (count) => Array.from({ length: count - 1 }, (_, i) => i), outputs: [0] },
  FusedBatchNormV3: at(0),
  FusedBatchNormGradV3: at(0, 1),
  LeakyRelu: at(0),
  LeakyReluGrad: at(0, 1),
  MaxPool: at(0),
  MaxPoolGrad: at(0, 1, 2),
  Pad: at(0),
  PadV2: at(0, 2),
  Relu: at(0),
  ReluGrad: at(0, 1),
  Reshape: at(0),
  Slice: at(0),
  Transpose: at(0),
};

/** Where each tensor of a graph is: in float32 (and every other type), in bfloat16, or, after a cast, in both. */
export class Places {
  private readonly own = new Map<string, Output>();
  private readonly casts = new Map<string, Output>();
  private readonly inBfloat16 = new Set<string>();

  constructor(
    private readonly graph: Graph,
    private readonly lower: boolean,
  ) {}

  put(ref: Ref, output: Output): void {
    this.own.set(key(ref), output);
  }

  /** Adds a node's op and puts its outputs. */
  add(node: Node, index: number, after: readonly number[]): number {
    const typed = this.lower ? TYPED[node.name] : undefined;
    const cast = typed?.inputs(node.inputs.length) ?? [];
    const lowered =
      typed !== undefined &&
      isFloat(node.attrs) &&
      (typed.leads === true || cast.some((i) => this.inBfloat16.has(key(node.inputs[i]!))));
    const inputs = node.inputs.map((ref, i) => this.get(ref, lowered && cast.includes(i)));
    const attrs = lowered ? node.attrs.map(toBfloat16) : node.attrs;
    const oper = this.graph.op(node.name, attrs, inputs, after);
    node.outputs.forEach((_, output) => {
      const ref = { kind: "node", node: index, output } as const;
      this.put(ref, { oper, index: output });
      if (lowered && typed.outputs.includes(output)) this.inBfloat16.add(key(ref));
    });
    return oper;
  }

  /** A tensor in float32 (or its own other type), or in bfloat16. */
  get(ref: Ref, bfloat16 = false): Output {
    const own = this.own.get(key(ref));
    if (own === undefined) throw new Error(`no tensor ${key(ref)} in the graph`);
    if (this.inBfloat16.has(key(ref)) === bfloat16) return own;
    let cast = this.casts.get(key(ref));
    if (cast === undefined) {
      const [from, to] = bfloat16 ? [DType.FLOAT, DType.BFLOAT16] : [DType.BFLOAT16, DType.FLOAT];
      const attrs = [
        { name: "SrcT", type: AttrType.TYPE, value: from },
        { name: "DstT", type: AttrType.TYPE, value: to },
        { name: "Truncate", type: AttrType.BOOL, value: false },
      ];
      cast = { oper: this.graph.op("Cast", attrs, [own]), index: 0 };
      this.casts.set(key(ref), cast);
    }
    return cast;
  }
}

const key = (ref: Ref): string =>
  ref.kind === "node" ? `${ref.node}:${ref.output}` : `${ref.kind} ${ref.index}`;

const isFloat = (attrs: readonly OpAttr[]): boolean =>
  attrs.some((a) => a.name === "T" && a.value === DType.FLOAT);

const toBfloat16 = (attr: OpAttr): OpAttr => (attr.name === "T" ? { ...attr, value: DType.BFLOAT16 } : attr);
