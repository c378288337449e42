import { ConfigError } from "../errors.ts";
import { basePort, type Claim } from "./place_claim.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * A process's place by the variables of srun. Of a step of one task, or outside any step (in a batch script, where
 * SLURM_NTASKS is the whole job's), it trains alone: undefined.
 *
 * @throws ConfigError where they don't tell which host a task is on
 */
export function slurmPlace(env: Env): Claim | undefined {
  const size = Number(env.SLURM_STEP_NUM_TASKS);
  if (!(size > 1)) return undefined;
  const from = "SLURM_PROCID";
  const list = env.SLURM_STEP_NODELIST ?? env.SLURM_JOB_NODELIST;
  const counts = env.SLURM_STEP_TASKS_PER_NODE;
  if (env.SLURM_PROCID === undefined || list === undefined || counts === undefined)
    throw new ConfigError(
      `SLURM_STEP_NUM_TASKS: expected SLURM_PROCID, SLURM_STEP_NODELIST and SLURM_STEP_TASKS_PER_NODE beside ${size}, which srun sets, got less. Start it by srun.`,
    );
  const rank = Number(env.SLURM_PROCID);
  const hosts = hostsOf(list);
  const perHost = taskCounts(counts);
  const base = basePort(`${env.SLURM_JOB_ID}.${env.SLURM_STEP_ID}`);
  const nodes = hosts.flatMap((host, i) =>
    Array.from({ length: perHost[i] ?? 0 }, (_, local) => ({ host: i, address: `${host}:${base + local}` })),
  );
  const own = nodes[rank];
  if (nodes.length !== size || own === undefined || (env.SLURM_NODEID ?? `${own.host}`) !== `${own.host}`)
    throw new ConfigError(
      `SLURM_STEP_NODELIST: expected ${size} tasks side by side on ${list} (${counts}), so that each rank's host is known, got another order. Type: srun --distribution=block, or name them by --nodes.`,
    );
  return { from, rank, size, nodes: nodes.map(({ address }) => address) };
}

/** The hosts of Slurm's `node[01-03,7],gpu1`. */
export function hostsOf(list: string): string[] {
  const parts = list.match(/[^,[]*(?:\[[^\]]*\][^,[]*)*/g)?.filter((part) => part !== "") ?? [];
  return parts.flatMap(expanded);
}

/** The names of one part: its first brackets opened, and those after them. */
function expanded(part: string): string[] {
  const [, before, ranges, after] = /^([^[]*)\[([^\]]*)\](.*)$/.exec(part) ?? [];
  if (ranges === undefined) return [part];
  const rest = expanded(after!);
  const numbers = ranges.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-") as [string, string?];
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) =>
      String(Number(first) + i).padStart(first.length, "0"),
    );
  });
  return numbers.flatMap((number) => rest.map((end) => `${before}${number}${end}`));
}

/** Tasks of each host, of Slurm's `2(x3),1`: 2, 2, 2, 1. */
export function taskCounts(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [, count, times = "1"] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return Array<number>(Number(times)).fill(Number(count));
  });
}
