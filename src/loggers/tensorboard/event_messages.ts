import { message, protobufWriter } from "../../formats/protobuf.ts";

/**
 * The parts that we write of TensorFlow's event.proto, summary.proto, tensor.proto and TensorBoard's
 * plugins/hparams/plugin_data.proto and plugins/custom_scalar/layout.proto.
 */
const write = protobufWriter({
  Event: message({
    wallTime: ["double", 1],
    step: ["int64", 2],
    fileVersion: ["string", 3],
    summary: ["Summary", 5],
    sessionLog: ["SessionLog", 7],
  }),
  SessionLog: message({ status: ["int32", 1] }),
  Summary: message({ value: ["*Value", 1] }),
  Value: message(
    {
      tag: ["string", 1],
      simpleValue: ["float", 2],
      image: ["Image", 4],
      tensor: ["Tensor", 8],
      metadata: ["Metadata", 9],
    },
    ["simpleValue", "image", "tensor"],
  ),
  Image: message({
    height: ["int32", 1],
    width: ["int32", 2],
    colorspace: ["int32", 3],
    encodedImageString: ["bytes", 4],
  }),
  Tensor: message({
    dtype: ["int32", 1],
    tensorShape: ["Shape", 2],
    floatVal: ["*float", 5],
    doubleVal: ["*double", 6],
    stringVal: ["*bytes", 8],
  }),
  Shape: message({ dim: ["*Dim", 2] }),
  Dim: message({ size: ["int64", 1] }),
  Metadata: message({ pluginData: ["PluginData", 1], dataClass: ["int32", 4] }),
  PluginData: message({ pluginName: ["string", 1], content: ["bytes", 2] }),

  HParams: message({ version: ["int32", 1], start: ["SessionStart", 3], end: ["SessionEnd", 4] }),
  SessionStart: message({ hparams: ["*Entry", 1], startTimeSecs: ["double", 5] }),
  /** An entry of map<string, google.protobuf.Value>, by its wire format. */
  Entry: message({ key: ["string", 1], value: ["HParam", 2] }),
  SessionEnd: message({ status: ["int32", 1], endTimeSecs: ["double", 2] }),
  HParam: message({ numberValue: ["double", 2], stringValue: ["string", 3], boolValue: ["bool", 4] }, [
    "numberValue",
    "stringValue",
    "boolValue",
  ]),

  Layout: message({ category: ["*Category", 2] }),
  Category: message({ title: ["string", 1], chart: ["*Chart", 2] }),
  Chart: message({ title: ["string", 1], multiline: ["Lines", 2] }),
  Lines: message({ tag: ["*string", 1] }),
});

/** tensorflow.SessionLog.SessionStatus */
export const SESSION_START = 1;
/** tensorboard.hparams.Status */
export const SUCCESS = 1;
/** tensorflow.DataType */
export const DT_FLOAT = 1;
export const DT_DOUBLE = 2;
export const DT_STRING = 7;
/** tensorflow.DataClass */
export const CLASS_TENSOR = 2;

/** A message as bytes. Fields of the same name as in the schema above. */
export const encode = (type: "Event" | "HParams" | "Layout", fields: Record<string, unknown>): Uint8Array =>
  write(type, fields);
