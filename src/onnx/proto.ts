import { message, protobufWriter } from "../formats/protobuf.ts";

/** The fields that we write of ONNX's onnx.proto, by their numbers there. */
const write = protobufWriter({
  Model: message({
    irVersion: ["int64", 1],
    producerName: ["string", 2],
    producerVersion: ["string", 3],
    docString: ["string", 6],
    graph: ["Graph", 7],
    opsetImport: ["*Opset", 8],
    metadataProps: ["*Entry", 14],
  }),
  Opset: message({ domain: ["string", 1], version: ["int64", 2] }),
  Entry: message({ key: ["string", 1], value: ["string", 2] }),
  Graph: message({
    node: ["*Node", 1],
    name: ["string", 2],
    initializer: ["*Tensor", 5],
    input: ["*ValueInfo", 11],
    output: ["*ValueInfo", 12],
  }),
  Node: message({
    input: ["*string", 1],
    output: ["*string", 2],
    name: ["string", 3],
    opType: ["string", 4],
    attribute: ["*Attribute", 5],
  }),
  Attribute: message({
    name: ["string", 1],
    f: ["float", 2],
    i: ["int64", 3],
    ints: ["*int64", 8],
    type: ["int32", 20],
  }),
  Tensor: message({
    dims: ["*int64", 1],
    dataType: ["int32", 2],
    name: ["string", 8],
    rawData: ["bytes", 9],
  }),
  ValueInfo: message({ name: ["string", 1], type: ["Type", 2], docString: ["string", 3] }),
  Type: message({ tensorType: ["TensorType", 1] }),
  TensorType: message({ elemType: ["int32", 1], shape: ["Shape", 2] }),
  Shape: message({ dim: ["*Dim", 1] }),
  Dim: message({ dimValue: ["int64", 1], dimParam: ["string", 2] }),
});

/** TensorProto.DataType. */
export const DATA_TYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
export type DataType = keyof typeof DATA_TYPE;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, ints: 7 } as const;

/** The bytes of a ModelProto. */
export const encodeModel = (model: object): Uint8Array => write("Model", model);
