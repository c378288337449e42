import { message, protobufWriter } from "../../../formats/protobuf.ts";
import type { Place } from "../../../process/place.ts";
import { JOB, taskOf } from "./task_name.ts";

/** The fields that we write of TensorFlow's tensorflow_server.proto, cluster.proto and config.proto. */
const write = protobufWriter({
  ServerDef: message({
    cluster: ["Cluster", 1],
    jobName: ["string", 2],
    taskIndex: ["int32", 3],
    defaultSessionConfig: ["Config", 4],
    protocol: ["string", 5],
  }),
  Cluster: message({ job: ["*Job", 1] }),
  Job: message({ name: ["string", 1], tasks: ["*Entry", 2] }),
  /** An entry of map<int32, string>, by its wire format. */
  Entry: message({ key: ["int32", 1], value: ["string", 2] }),
  Config: message({ experimental: ["Experimental", 16] }),
  Experimental: message({ collectiveGroupLeader: ["string", 1] }),
});

/** A ServerDef: all ranks' addresses, this one's number, and rank 0 as the leader of groups. */
export const serverDef = ({ rank, nodes }: Place): Uint8Array =>
  write("ServerDef", {
    cluster: { job: [{ name: JOB, tasks: nodes.map((value, key) => ({ key, value })) }] },
    jobName: JOB,
    taskIndex: rank,
    defaultSessionConfig: { experimental: { collectiveGroupLeader: taskOf(0) } },
    protocol: "grpc",
  });
