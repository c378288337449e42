import { ConfigError } from "../errors.ts";
import { basePort, type Claim } from "./place_claim.ts";
import { slurmPlace } from "./slurm.ts";

/** A process's place among those that train together. */
export interface Place {
  /** Its number, from 0. */
  readonly rank: number;
  /** The address of each, `host:port`, by its number. */
  readonly nodes: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where this process stands, by `--nodes` and `--rank`, TF_CONFIG, Slurm's and MPI's variables; undefined: it trains alone.
 *
 * @throws ConfigError where they contradict each other, or leave something out
 */
export function placeOf(
  options: { readonly nodes?: readonly string[] | undefined; readonly rank?: number | undefined },
  env: Env,
): Place | undefined {
  const given: Claim | undefined =
    options.nodes === undefined && options.rank === undefined
      ? undefined
      : { from: options.rank === undefined ? "--nodes" : "--rank", ...options, size: options.nodes?.length };
  const claims = [given, byTensorFlow(env), slurmPlace(env), byMpi(env)].filter(
    (claim) => claim !== undefined,
  );
  const rank = agreed(claims, "rank");
  const size = agreed(claims, "size");
  const nodes = claims.find((claim) => claim.nodes !== undefined)?.nodes;
  if (rank === undefined && nodes === undefined) return undefined;
  if (nodes === undefined)
    throw new ConfigError(
      `${claims[0]!.from}: expected the addresses of all ranks with it, got none. Type: --nodes host:port,host:port …, one for each rank in order.`,
    );
  if (rank === undefined)
    throw new ConfigError(
      `--nodes: expected --rank N with it, 0 to ${nodes.length - 1}, the place of this process in the list, got none.`,
    );
  if (size !== nodes.length || rank >= nodes.length)
    throw new ConfigError(
      `--nodes: expected an address for each of ${Math.max(size ?? 0, rank + 1)} ranks, got ${nodes.length}: ${nodes.join(",")}.`,
    );
  for (const node of nodes) checkNode(node);
  const twice = nodes.find((node, i) => nodes.indexOf(node) !== i);
  if (twice !== undefined)
    throw new ConfigError(
      `--nodes: expected each address once, got ${twice} twice. Give each rank a port of its own.`,
    );
  return nodes.length === 1 ? undefined : { rank, nodes };
}

/** What all say that say something. @throws ConfigError where they differ */
function agreed(claims: readonly Claim[], key: "rank" | "size"): number | undefined {
  const [first, ...others] = claims.filter((claim) => claim[key] !== undefined);
  const other = others.find((claim) => claim[key] !== first![key]);
  if (first === undefined || other === undefined) return first?.[key];
  const what = key === "rank" ? "rank" : "number of ranks";
  throw new ConfigError(
    `${first.from}: expected ${other[key]} as the ${what}, which ${other.from} says, got ${first[key]}. Leave one of the two out.`,
  );
}

function checkNode(node: string): void {
  const [, port] = /^.+:(\d+)$/.exec(node) ?? [];
  if (port !== undefined && Number(port) > 0 && Number(port) < 65_536) return;
  throw new ConfigError(`--nodes: expected host:port, got "${node}".`);
}

/** Types of tasks of TF_CONFIG that train, in the order of their ranks. */
const TRAINING = ["chief", "master", "worker"];

/** By TF_CONFIG, as TensorFlow's distribution strategies read it and Kubeflow sets it. */
function byTensorFlow({ TF_CONFIG: text }: Env): Claim | undefined {
  if (text === undefined || text === "") return undefined;
  const fault = (expected: string) => new ConfigError(`TF_CONFIG: expected ${expected}, got ${text}.`);
  let parsed: { cluster?: Record<string, unknown>; task?: { type?: unknown; index?: unknown } };
  try {
    parsed = JSON.parse(text);
  } catch {
    throw fault("JSON");
  }
  const { cluster, task } = parsed ?? {};
  if (cluster === undefined && task === undefined) return undefined;
  const groups = Object.entries(cluster ?? {});
  const wrong = groups.find(([type, of]) => !TRAINING.includes(type) || !Array.isArray(of));
  if (wrong !== undefined || groups.length === 0)
    throw fault(
      `a cluster of lists of addresses for ${TRAINING.join(", ")} alone (no parameter servers, no evaluator)`,
    );
  const members = TRAINING.flatMap((type) =>
    ((cluster![type] ?? []) as unknown[]).map((node, index) => ({ type, index, node: String(node) })),
  );
  const rank = members.findIndex(({ type, index }) => type === task?.type && index === Number(task?.index));
  if (rank < 0) throw fault("a task with type and index of one of its cluster");
  const nodes = members.map(({ node }) => node);
  return { from: "TF_CONFIG", rank, size: nodes.length, nodes };
}

/** Variables of a process's number, of how many there are, and of how many of them are on its machine. */
const MPI: readonly (readonly [rank: string, size: string, local: string])[] = [
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"],
  ["PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"],
];
/** What names one mpirun, so that two on a machine take other ports. */
const JOBS = ["PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "PMI_JOBID"];

/** By what mpirun sets; which names no hosts, so that it is enough on one machine. */
function byMpi(env: Env): Claim | undefined {
  for (const [ofRank, ofSize, ofLocal] of MPI) {
    if (env[ofRank] === undefined || env[ofSize] === undefined) continue;
    const [rank, size] = [Number(env[ofRank]), Number(env[ofSize])];
    if (size <= 1) return undefined;
    const job = JOBS.map((name) => env[name]).find((value) => value !== undefined);
    const here = job !== undefined && Number(env[ofLocal]) === size;
    const nodes = here ? Array.from({ length: size }, (_, i) => `localhost:${basePort(job) + i}`) : undefined;
    return { from: ofRank, rank, size, nodes };
  }
  return undefined;
}
