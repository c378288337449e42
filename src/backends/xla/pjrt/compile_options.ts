import protobuf from "protobufjs";

export interface CompileOptions {
  /** Ids of the devices that run the program together, each its part (SPMD). Default: one, which the plugin chooses. */
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
        isPartitioned: { type: "bool", id: 6 },
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
export function encodeCompileOptions({ devices, flags = {} }: CompileOptions): Uint8Array {
  const partitions = devices?.length ?? 1;
  const assignment = devices && {
    replicas: 1,
    computations: partitions,
    devices: devices.map((id) => ({ replicas: [id] })),
  };
  return message
    .encode({
      build: {
        deviceOrdinal: -1,
        replicas: 1,
        partitions,
        ...(partitions > 1 && { isPartitioned: true }),
        ...(assignment && { assignment }),
      },
      flags: Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, flag(value)])),
    })
    .finish();
}

function flag(value: string | number | boolean) {
  if (typeof value === "string") return { text: value };
  if (typeof value === "boolean") return { bool: value };
  return Number.isInteger(value) ? { integer: value } : { number: value };
}
