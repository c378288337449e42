import koffi, { type TypeObject } from "koffi";
import type { Pointer } from "../../ffi.ts";
import type { TensorFlowApi } from "../c_api.ts";

/** An output of a graph's op: TF_Output. */
export interface Output {
  readonly oper: Pointer;
  readonly index: number;
}

/** koffi knows a struct by its name, once a process. */
let outputType: TypeObject | undefined;

/** The functions of TensorFlow's C API (c_api.h) that build a graph and make a function of it. */
export function openGraphApi({ declare: f }: TensorFlowApi) {
  outputType ??= koffi.struct("TF_Output", { oper: "int64", index: "int" });
  const O = outputType;
  const [P, I, L, V] = ["int64", "int", "int64", "void"];
  return {
    newGraph: f(P, "TF_NewGraph") as () => Pointer,
    deleteGraph: f(V, "TF_DeleteGraph", P),
    newOperation: f(P, "TF_NewOperation", P, P, P),
    addInput: f(V, "TF_AddInput", P, O) as (op: Pointer, input: Output) => void,
    addInputList: f(V, "TF_AddInputList", P, "void *", I),
    addControl: f(V, "TF_AddControlInput", P, P),
    finish: f(P, "TF_FinishOperation", P, P),

    setType: f(V, "TF_SetAttrType", P, P, I),
    setBool: f(V, "TF_SetAttrBool", P, P, "uint8"),
    setInt: f(V, "TF_SetAttrInt", P, P, L),
    setFloat: f(V, "TF_SetAttrFloat", P, P, "float"),
    setString: f(V, "TF_SetAttrString", P, P, P, "size_t"),
    setShape: f(V, "TF_SetAttrShape", P, P, P, I),
    setTensor: f(V, "TF_SetAttrTensor", P, P, P, P),
    setIntList: f(V, "TF_SetAttrIntList", P, P, P, I),
    setFloatList: f(V, "TF_SetAttrFloatList", P, P, "void *", I),
    setBoolList: f(V, "TF_SetAttrBoolList", P, P, "void *", I),
    setShapeList: f(V, "TF_SetAttrShapeList", P, P, P, "void *", I),
    setTypeList: f(V, "TF_SetAttrTypeList", P, P, "void *", I),

    toFunction: f(
      P,
      "TF_GraphToFunctionWithControlOutputs",
      ...[P, P, "uint8", I, P, I, "void *", I, "void *", P, I, "void *", P, P, P, P],
    ),
    deleteFunction: f(V, "TF_DeleteFunction", P),
    addFunction: f(V, "TFE_ContextAddFunction", P, P, P),
  };
}

export type GraphApi = ReturnType<typeof openGraphApi>;

/** TF_Output[] as bytes: 16 a member. */
export function packOutputs(outputs: readonly Output[]): BigInt64Array {
  return BigInt64Array.from(outputs.flatMap(({ oper, index }) => [BigInt(oper), BigInt(index)]));
}
