import type { Place } from "../../../process/place.ts";

/** The name that TensorFlow has for a rank: a task of the one job. */
export const taskOf = (rank: number): string => `/job:${JOB}/replica:0/task:${rank}`;
const JOB = "worker";

/** A ServerDef (tensorflow_server.proto): all ranks' addresses, this one's number, and rank 0 as the leader of groups. */
export function serverDef({ rank, nodes }: Place): Uint8Array {
  const tasks = nodes.map((node, i) => field(2, [...number(1, i), ...field(2, text(node))]));
  const cluster = field(1, [...field(1, text(JOB)), ...tasks.flat()]);
  const config = field(16, field(1, text(taskOf(0)))); // ConfigProto.experimental.collective_group_leader
  const parts = [
    field(1, cluster),
    field(2, text(JOB)),
    number(3, rank),
    field(4, config),
    field(5, text("grpc")),
  ];
  return Uint8Array.from(parts.flat());
}

const text = (value: string): number[] => [...Buffer.from(value)];

/** A field of bytes in protobuf's encoding. */
const field = (id: number, bytes: readonly number[]): number[] => [
  ...varint(id * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];

const number = (id: number, value: number): number[] => [...varint(id * 8), ...varint(value)];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return [...bytes, left];
}
