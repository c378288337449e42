import type { TypeObject } from "koffi";
import { loadForGood, type Pointer } from "../ffi.ts";

/** TF_DataType. */
export const DType = {
  FLOAT: 1,
  INT32: 3,
  UINT8: 4,
  STRING: 7,
  COMPLEX64: 8,
  INT64: 9,
  BOOL: 10,
  BFLOAT16: 14,
  RESOURCE: 20,
} as const;

/** TF_AttrType. */
export const AttrType = { STRING: 0, INT: 1, FLOAT: 2, BOOL: 3, TYPE: 4, SHAPE: 5 } as const;

/** The functions of TensorFlow's C API (c_api.h, eager/c_api.h, tf_tensor.h, tf_tstring.h) that we call. */
export function openTensorFlow(file: string) {
  const lib = loadForGood(file);
  const [P, I, L, V] = ["int64", "int", "int64", "void"];
  // biome-ignore lint/suspicious/noExplicitAny: koffi's functions are typed by these declarations alone
  const f = (result: string, name: string, ...args: (string | TypeObject)[]): any =>
    lib.func(name, result, args);
  return {
    lib,
    declare: f,
    version: f("const char *", "TF_Version") as () => string,

    newStatus: f(P, "TF_NewStatus") as () => Pointer,
    deleteStatus: f(V, "TF_DeleteStatus", P),
    getCode: f(I, "TF_GetCode", P) as (status: Pointer) => number,
    message: f("const char *", "TF_Message", P) as (status: Pointer) => string,

    newContextOptions: f(P, "TFE_NewContextOptions"),
    setConfig: f(V, "TFE_ContextOptionsSetConfig", P, "void *", "size_t", P),
    deleteContextOptions: f(V, "TFE_DeleteContextOptions", P),
    newContext: f(P, "TFE_NewContext", P, P),
    listDevices: f(P, "TFE_ContextListDevices", P, P),
    deviceCount: f(I, "TF_DeviceListCount", P),
    deviceName: f("const char *", "TF_DeviceListName", P, I, P),
    deviceType: f("const char *", "TF_DeviceListType", P, I, P),
    deleteDeviceList: f(V, "TF_DeleteDeviceList", P),

    newOp: f(P, "TFE_NewOp", P, P, P),
    resetOp: f(V, "TFE_OpReset", P, P, P, P),
    addInput: f(V, "TFE_OpAddInput", P, P, P),
    execute: f(V, "TFE_Execute", P, P, P, P),
    setInt: f(V, "TFE_OpSetAttrInt", P, P, L),
    setFloat: f(V, "TFE_OpSetAttrFloat", P, P, "float"),
    setBool: f(V, "TFE_OpSetAttrBool", P, P, "uint8"),
    setType: f(V, "TFE_OpSetAttrType", P, P, I),
    setString: f(V, "TFE_OpSetAttrString", P, P, P, "size_t"),
    setShape: f(V, "TFE_OpSetAttrShape", P, P, P, I, P),
    setIntList: f(V, "TFE_OpSetAttrIntList", P, P, P, I),
    setFloatList: f(V, "TFE_OpSetAttrFloatList", P, P, "void *", I),
    setBoolList: f(V, "TFE_OpSetAttrBoolList", P, P, "void *", I),

    handleRank: f(I, "TFE_TensorHandleNumDims", P, P),
    handleDim: f(L, "TFE_TensorHandleDim", P, I, P),
    handleType: f(I, "TFE_TensorHandleDataType", P),
    newHandle: f(P, "TFE_NewTensorHandle", P, P),
    deleteHandle: f(V, "TFE_DeleteTensorHandle", P),
    resolve: f(P, "TFE_TensorHandleResolve", P, P),
    copyToDevice: f(P, "TFE_TensorHandleCopyToDevice", P, P, P, P),

    allocateTensor: f(P, "TF_AllocateTensor", I, P, I, "size_t"),
    tensorData: f(P, "TF_TensorData", P),
    tensorBytes: f("size_t", "TF_TensorByteSize", P),
    elementCount: f(L, "TF_TensorElementCount", P),
    deleteTensor: f(V, "TF_DeleteTensor", P),

    stringInit: f(V, "TF_StringInit", P),
    stringCopy: f(V, "TF_StringCopy", P, "void *", "size_t"),
    stringDealloc: f(V, "TF_StringDealloc", P),
    stringData: f(P, "TF_StringGetDataPointer", P),
    stringSize: f("size_t", "TF_StringGetSize", P),
  };
}

export type TensorFlowApi = ReturnType<typeof openTensorFlow>;
