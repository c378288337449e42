import protobuf from "protobufjs";

export interface CompileOptions {
  /** Copies of the program that run at once, each on a device of its own. Default: 1. */
  readonly replicas?: number;
  /** Ids of the replicas' devices, in the replicas' order. Default: the plugin's choice. */
  readonly devices?: readonly number[];
  /** XLA's own flags for this program, by their names in XLA_FLAGS without dashes: `xla_gpu_autotune_level: 0`. */
  readonly flags?: Readonly<Record<string, string | number | boolean>>;
}

/** The fields that we write of XLA's compile_options.proto and xla_data.proto. */
const root = protobuf.Root.fromJSON({
  nested: {
    CompileOptions: {
      fields: {
        build: { type: "BuildOptions", id: 3 },
        flags: { keyType: "string", type: "Flag", id: 7 },
      },
    },
    BuildOptions: {
      fields: {
        deviceOrdinal: { type: "int64", id: 1 },
        replicas: { type: "int64", id: 4 },
        partitions: { type: "int64", id: 5 },
        assignment: { type: "DeviceAssignment", id: 9 },
      },
    },
    DeviceAssignment: {
      fields: {
        replicas: { type: "int32", id: 1 },
        computations: { type: "int32", id: 2 },
        devices: { type: "ComputationDevice", id: 3, rule: "repeated" },
      },
    },
    ComputationDevice: { fields: { replicas: { type: "int64", id: 1, rule: "repeated" } } },
    Flag: {
      oneofs: { value: { oneof: ["text", "bool", "integer", "number"] } },
      fields: {
        text: { type: "string", id: 1 },
        bool: { type: "bool", id: 2 },
        integer: { type: "int64", id: 3 },
        number: { type: "double", id: 4 },
      },
    },
  },
} as protobuf.INamespace);
const message = root.lookupType("CompileOptions");

/** CompileOptionsProto of `options`. */
export function encodeCompileOptions({ replicas = 1, devices, flags = {} }: CompileOptions): Uint8Array {
  if (devices !== undefined && devices.length !== replicas)
    throw new Error(`${replicas} replicas on ${devices.length} devices`);
  const assignment = devices && { replicas, computations: 1, devices: [{ replicas: devices }] };
  return message
    .encode({
      build: { deviceOrdinal: -1, replicas, partitions: 1, ...(assignment && { assignment }) },
      flags: Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, flag(value)])),
    })
    .finish();
}

function flag(value: string | number | boolean) {
  if (typeof value === "string") return { text: value };
  if (typeof value === "boolean") return { bool: value };
  return Number.isInteger(value) ? { integer: value } : { number: value };
}
