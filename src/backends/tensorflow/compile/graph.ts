import type { Pointer } from "../../ffi.ts";
import type { Binding, OpAttr } from "../binding.ts";
import { AttrType, DType } from "../c_api.ts";
import { newTensor, type Values } from "../tensors.ts";
import { type GraphApi, type Output, openGraphApi, packOutputs } from "./graph_api.ts";

/** Ops that take a list, with the number of plain inputs after it. */
const PLAIN_AFTER_LIST: Readonly<Record<string, number>> = {
  AddN: 0,
  ConcatV2: 1,
  Einsum: 0,
  IdentityN: 0,
  Pack: 0,
};

/** Whether an op sums over processes; it takes a list behind its plain inputs, which is left empty. */
export const isReduction = (op: string): boolean => op === "CollectiveReduceV2";

/** Constants of more equal elements than that become a Fill. */
const LONG = 256;

let api: GraphApi | undefined;
let serial = 0;

/** A graph of TensorFlow's under construction. Errors are TensorFlow's own texts. */
export class Graph {
  private readonly g: GraphApi;
  private readonly graph: Pointer;
  private count = 0;
  private readonly placeholders: Output[] = [];

  constructor(private readonly binding: Binding) {
    api ??= openGraphApi(binding.n.api);
    this.g = api;
    this.graph = this.g.newGraph();
  }

  /** An argument of the function; `resource`: the shape is that of the variable behind it. */
  argument(dtype: number, shape: readonly number[], resource = false): Output {
    const { n } = this.binding;
    const op = this.begin("Placeholder");
    this.g.setType(op, n.string("dtype").at, resource ? DType.RESOURCE : dtype);
    n.putInts(resource ? [] : shape);
    this.g.setShape(op, n.string("shape").at, n.scratch, resource ? 0 : shape.length);
    this.shapeAttribute(op, resource ? "_handle_shapes" : "_output_shapes", shape);
    if (resource) this.g.setTypeList(op, n.string("_handle_dtypes").at, Int32Array.of(dtype), 1);
    const output = { oper: this.finish(op), index: 0 };
    this.placeholders.push(output);
    return output;
  }

  constant(shape: readonly number[], dtype: number, values: Values): Output {
    if (isUniform(values)) {
      const dims = this.literal([shape.length], DType.INT32, Int32Array.from(shape));
      const value = this.literal([], dtype, values.slice(0, 1) as Values);
      return { oper: this.op("Fill", [], [dims, value]), index: 0 };
    }
    return this.literal(shape, dtype, values);
  }

  /** An op; `after`: ops that must have run before it. */
  op(
    name: string,
    attrs: readonly OpAttr[],
    inputs: readonly Output[],
    after: readonly Pointer[] = [],
  ): Pointer {
    const op = this.begin(name);
    const inList = name in PLAIN_AFTER_LIST ? inputs.length - PLAIN_AFTER_LIST[name]! : 0;
    if (inList > 0) this.g.addInputList(op, packOutputs(inputs.slice(0, inList)), inList);
    for (const input of inputs.slice(inList)) this.g.addInput(op, input);
    if (isReduction(name)) this.g.addInputList(op, packOutputs([]), 0);
    for (const before of after) this.g.addControl(op, before);
    for (const attr of attrs) this.attribute(op, attr);
    return this.finish(op);
  }

  /** Makes the graph a function of the context and returns its name; the graph is used up. */
  toFunction(outputs: readonly Output[], effects: readonly Pointer[]): string {
    const { n, context } = this.binding;
    const name = `tfjs_vae_step_${serial++}`;
    const made = this.g.toFunction(
      ...[this.graph, n.string(name).at, 0, -1, 0],
      ...[this.placeholders.length, packOutputs(this.placeholders)],
      ...[outputs.length, packOutputs(outputs), 0],
      ...[effects.length, BigInt64Array.from(effects, BigInt), 0],
      ...[0, 0, n.status],
    );
    n.check();
    this.g.addFunction(context, made, n.status);
    this.g.deleteFunction(made);
    n.check();
    this.dispose();
    return name;
  }

  dispose(): void {
    this.g.deleteGraph(this.graph);
  }

  private begin(type: string): Pointer {
    const { n } = this.binding;
    return this.g.newOperation(this.graph, n.string(type).at, n.string(`op_${this.count++}`).at);
  }

  private finish(op: Pointer): Pointer {
    const done = this.g.finish(op, this.binding.n.status);
    this.binding.n.check();
    return done;
  }

  private literal(shape: readonly number[], dtype: number, values: Values): Output {
    const { n } = this.binding;
    const tensor = newTensor(n, shape, dtype, values);
    const op = this.begin("Const");
    this.g.setType(op, n.string("dtype").at, dtype);
    this.g.setTensor(op, n.string("value").at, tensor, n.status);
    n.api.deleteTensor(tensor);
    n.check();
    return { oper: this.finish(op), index: 0 };
  }

  private shapeAttribute(op: Pointer, name: string, shape: readonly number[]): void {
    const { n } = this.binding;
    n.putInts(shape);
    const list = BigInt64Array.of(BigInt(n.scratch)); // one shape
    const at = n.memory.malloc(8);
    n.memory.write(at, list, 8);
    this.g.setShapeList(op, n.string(name).at, at, Int32Array.of(shape.length), 1);
    n.memory.free(at);
  }

  private attribute(op: Pointer, { name, type, value }: OpAttr): void {
    const { n } = this.binding;
    const at = n.string(name).at;
    const list = Array.isArray(value) ? (value as number[]) : undefined;
    switch (type) {
      case AttrType.TYPE:
        this.g.setType(op, at, value);
        break;
      case AttrType.BOOL:
        if (list) this.g.setBoolList(op, at, Uint8Array.from(list, Number), list.length);
        else this.g.setBool(op, at, value ? 1 : 0);
        break;
      case AttrType.INT:
        if (list) {
          n.putInts(list);
          this.g.setIntList(op, at, n.scratch, list.length);
        } else this.g.setInt(op, at, value);
        break;
      case AttrType.FLOAT:
        if (list) this.g.setFloatList(op, at, Float32Array.from(list), list.length);
        else this.g.setFloat(op, at, value);
        break;
      case AttrType.STRING: {
        const text = n.string(value as string);
        this.g.setString(op, at, text.at, text.bytes);
        break;
      }
      case AttrType.SHAPE:
        n.putInts(list!);
        this.g.setShape(op, at, n.scratch, list!.length);
        break;
      default:
        throw new Error(`attribute ${name}: type ${type} is not supported in a function`);
    }
  }
}

function isUniform(values: Values): boolean {
  if (Array.isArray(values) || values.length <= LONG) return false;
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}
