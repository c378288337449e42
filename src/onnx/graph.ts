import { ATTRIBUTE_TYPE, DATA_TYPE, type DataType, encodeModel } from "./proto.ts";
import { Unexportable } from "./unexportable.ts";

/** Of the default domain: of 2021, so that every runtime in use has it. */
export const OPSET = 17;
/** The version of the file's format that came with that opset. */
const IR_VERSION = 8;
/** Protobuf's limit on a message. */
const MOST_BYTES = 2 ** 31 - 1;

export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** An attribute of a node: a whole number, whole numbers, or a number that says that it is none. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** Where a tensor of the graph comes from. */
export type Ref =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly tensor: Constant }
  | { readonly kind: "node"; readonly node: Node }
  /** What can't be had, which matters where an output needs it. */
  | { readonly kind: "problem"; readonly why: string };

export interface Constant {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
  /** A name that is wished for. */
  readonly name?: string | undefined;
}

/** An operation of one result. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly (Ref | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A tensor that goes in or out; a dimension of text is whatever a call has there. */
export interface Port {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly (number | string)[];
  readonly doc?: string;
}

export interface Graph {
  readonly name: string;
  readonly doc: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly { readonly port: Port; readonly ref: Ref }[];
  readonly metadata: Readonly<Record<string, string>>;
}

export const node = (
  op: string,
  inputs: readonly (Ref | undefined)[],
  attributes: Node["attributes"] = {},
): Ref => ({
  kind: "node",
  node: { op, inputs, attributes },
});

export const constant = (type: DataType, dims: readonly number[], data: TensorData, name?: string): Ref => ({
  kind: "constant",
  tensor: { type, dims, data, name },
});

/** Shapes, axes and the like, which are inputs of ONNX's nodes. */
export const longs = (values: readonly number[]): Ref =>
  constant("int64", [values.length], BigInt64Array.from(values, BigInt));

/** The file of a graph: what its outputs need and nothing else, each node after those that it needs. */
export function writeGraph({ name, doc, inputs, outputs, metadata }: Graph, version: string): Uint8Array {
  const names = new Names([...inputs.map((port) => port.name), ...outputs.map(({ port }) => port.name)]);
  const nodes: object[] = [];
  const initializers: object[] = [];
  const known = new Map<Node | Constant, string>();
  const shared = new Map<string, string>();
  let bytes = 0;

  const nameOfConstant = (tensor: Constant): string => {
    const small = tensor.data.length <= 16 && tensor.name === undefined;
    const key = small ? `${tensor.type} [${tensor.dims}] ${tensor.data.join()}` : undefined;
    const found = known.get(tensor) ?? (key === undefined ? undefined : shared.get(key));
    if (found !== undefined) return found;
    const own = names.take(tensor.name ?? "constant");
    known.set(tensor, own);
    if (key !== undefined) shared.set(key, own);
    const { buffer, byteOffset, byteLength } = tensor.data;
    bytes += byteLength;
    if (bytes > MOST_BYTES)
      throw new Unexportable("its weights are more than 2 GiB, which no file of ONNX holds");
    initializers.push({
      name: own,
      dims: tensor.dims,
      dataType: DATA_TYPE[tensor.type],
      rawData: new Uint8Array(buffer, byteOffset, byteLength),
    });
    return own;
  };
  const write = (ref: Ref, wished?: string): string => {
    if (ref.kind === "input") return ref.name;
    if (ref.kind === "problem") throw new Unexportable(ref.why);
    if (ref.kind === "constant") return nameOfConstant(ref.tensor);
    const found = known.get(ref.node);
    if (found !== undefined) return found;
    const { op, inputs: from, attributes } = ref.node;
    const input = from.map((x) => (x === undefined ? "" : write(x)));
    const own = wished ?? names.take(op.toLowerCase());
    known.set(ref.node, own);
    nodes.push({
      name: own,
      opType: op,
      input,
      output: [own],
      attribute: Object.entries(attributes).map(attributeOf),
    });
    return own;
  };
  for (const { port, ref } of outputs) {
    const made = write(ref, port.name);
    if (made !== port.name)
      nodes.push({ name: port.name, opType: "Identity", input: [made], output: [port.name], attribute: [] });
  }
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: "tfjs-vae",
    producerVersion: version,
    docString: doc,
    opsetImport: [{ domain: "", version: OPSET }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name,
      node: nodes,
      initializer: initializers,
      input: inputs.map(portInfo),
      output: outputs.map(({ port }) => portInfo(port)),
    },
  });
}

function attributeOf([name, value]: [string, Attribute]) {
  if (typeof value === "number") return { name, i: value, type: ATTRIBUTE_TYPE.int };
  if ("float" in value) return { name, f: value.float, type: ATTRIBUTE_TYPE.float };
  return { name, ints: value, type: ATTRIBUTE_TYPE.ints };
}

const portInfo = ({ name, type, dims, doc }: Port) => ({
  name,
  ...(doc !== undefined && { docString: doc }),
  type: {
    tensorType: {
      elemType: DATA_TYPE[type],
      shape: { dim: dims.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d })) },
    },
  },
});

/** Names of a graph's tensors, none twice. */
class Names {
  private readonly taken: Set<string>;
  private readonly counts = new Map<string, number>();

  constructor(taken: readonly string[]) {
    this.taken = new Set(taken);
  }

  take(wished: string): string {
    for (;;) {
      const count = this.counts.get(wished) ?? 0;
      this.counts.set(wished, count + 1);
      const name = count === 0 ? wished : `${wished}_${count}`;
      if (this.taken.has(name)) continue;
      this.taken.add(name);
      return name;
    }
  }
}
