import { message, protobufWriter } from "../../../formats/protobuf.ts";

export interface CompileOptions {
  /** Ids of the devices that run the program together, each its part (SPMD). Default: one, which the plugin chooses. */
  readonly devices?: readonly number[];
  /** XLA's own flags for this program, by their names in XLA_FLAGS without dashes: `xla_gpu_autotune_level: 0`. */
  readonly flags?: Readonly<Record<string, string | number | boolean>>;
}

/** The fields that we write of XLA's compile_options.proto and xla_data.proto. */
const write = protobufWriter({
  CompileOptions: message({ build: ["BuildOptions", 3], flags: ["%Flag", 7] }),
  BuildOptions: message({
    deviceOrdinal: ["int64", 1],
    replicas: ["int64", 4],
    partitions: ["int64", 5],
    isPartitioned: ["bool", 6],
    assignment: ["DeviceAssignment", 9],
  }),
  DeviceAssignment: message({
    replicas: ["int32", 1],
    computations: ["int32", 2],
    devices: ["*ComputationDevice", 3],
  }),
  ComputationDevice: message({ replicas: ["*int64", 1] }),
  Flag: message({ text: ["string", 1], bool: ["bool", 2], integer: ["int64", 3], number: ["double", 4] }, [
    "text",
    "bool",
    "integer",
    "number",
  ]),
});

/** CompileOptionsProto of `options`. */
export function encodeCompileOptions({ devices, flags = {} }: CompileOptions): Uint8Array {
  const partitions = devices?.length ?? 1;
  const assignment = devices && {
    replicas: 1,
    computations: partitions,
    devices: devices.map((id) => ({ replicas: [id] })),
  };
  return write("CompileOptions", {
    build: {
      deviceOrdinal: -1,
      replicas: 1,
      partitions,
      ...(partitions > 1 && { isPartitioned: true }),
      ...(assignment && { assignment }),
    },
    flags: Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, flag(value)])),
  });
}

function flag(value: string | number | boolean) {
  if (typeof value === "string") return { text: value };
  if (typeof value === "boolean") return { bool: value };
  return Number.isInteger(value) ? { integer: value } : { number: value };
}
