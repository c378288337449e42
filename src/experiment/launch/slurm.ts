import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { didYouMean } from "../../text/suggest.ts";
import { type Batch, type Fleet, markOf } from "./batch.ts";
import type { LauncherDefinition } from "./define.ts";
import type { Ending } from "./launcher.ts";
import { complaint, runProgram, type Said } from "./program.ts";
import { type Driver, queueLauncher, type Seen, type Task } from "./queued.ts";
import { COUNT, type ResourceKeys, type Resources } from "./resources.ts";
import { codeFile, slurmScript } from "./slurm_script.ts";

/** Seconds before the end of a task's time at which it saves and goes back to the queue. */
const SIGNAL = "120";
/** How often a task goes back to the queue by itself. */
const RESTARTS = "100";

const TIME = /^(\d+-\d+(:\d+){0,2}|\d+(:\d+){0,2})$/;

const KEYS: ResourceKeys = {
  partition: { about: "sbatch --partition" },
  time: {
    about: `of one stretch; a run that takes longer goes back to the queue and on`,
    pattern: TIME,
    expected: "a time as sbatch takes it, such as 90 (minutes), 4:00:00 or 1-12",
  },
  cpus: { about: "processors of a run, and so many threads", ...COUNT },
  gpus: { about: "sbatch --gpus, such as 1 or a100:1" },
  mem: { about: "memory, such as 16G" },
  signal: {
    about: `seconds before the end at which a run saves and goes back; default: ${SIGNAL}`,
    ...COUNT,
  },
  at_once: { about: "runs of a job array that Slurm starts at once", ...COUNT },
  restarts: { about: `how often a run goes back by itself; default: ${RESTARTS}`, ...COUNT },
  setup: { about: "a line for the shell before the run, such as 'module load cuda'", many: true },
  sbatch: { about: "an option for sbatch, such as --account=lab", many: true },
};

/** Job arrays of Slurm, of which each task trains one member (https://slurm.schedmd.com/job_array.html). */
export const slurm: LauncherDefinition = {
  keys: KEYS,
  make({ fleet, resources, jobs }) {
    checkTime(resources);
    const asked = ["partition", "time", "cpus", "gpus", "mem"].flatMap((key) => {
      const value = resources.one(key);
      return value === undefined ? [] : [`${key} ${value}`];
    });
    const each = asked.length > 0 ? `, each with ${asked.join(", ")}` : "";
    const most = jobs === undefined ? "" : `, ${jobs} at a time`;
    return queueLauncher(new Slurm(fleet, resources), fleet, {
      jobs: jobs ?? Number.POSITIVE_INFINITY,
      about: `in Slurm's queue${most}${each}`,
    });
  },
};

class Slurm implements Driver {
  readonly name = "slurm";
  readonly most = 1000; // MaxArraySize is 1001 where an administrator has not set it
  /** Slurm's own number of each task that it was seen with. */
  private readonly jobs = new Map<string, string>();
  private readonly title: string;

  constructor(
    fleet: Fleet,
    private readonly resources: Resources,
  ) {
    this.title = `${fleet.name}-${markOf(fleet)}`;
  }

  async submit(batch: Batch): Promise<void> {
    const { resources } = this;
    const script = join(batch.folder, "job.sh");
    const setup = resources.all("setup");
    await writeAtomic(script, slurmScript(batch, { setup, restarts: resources.one("restarts") ?? RESTARTS }));
    const said = await slurmProgram("sbatch", [...this.optionsOf(batch), script]);
    if (said.code !== 0) throw await refusal(said, resources);
    const id = said.stdout.trim().split("\n").at(-1)!.split(";")[0]!;
    for (const index of batch.commands.keys()) this.jobs.set(`${batch.id}/${index}`, `${id}_${index}`);
  }

  private optionsOf(batch: Batch): string[] {
    const { id, commands } = batch;
    const { resources } = this;
    const given = (key: string, option: string) => {
      const value = resources.one(key);
      return value === undefined ? [] : [`${option}=${value}`];
    };
    const limit = resources.one("at_once");
    return [
      "--parsable",
      `--job-name=${this.title}.${id}`,
      `--array=0-${commands.length - 1}${limit === undefined ? "" : `%${limit}`}`,
      "--nodes=1",
      "--ntasks=1",
      "--requeue",
      `--signal=B:USR1@${resources.one("signal") ?? SIGNAL}`,
      `--chdir=${process.cwd()}`,
      `--output=${said({ ...batch, folder: batch.folder.replaceAll("%", "%%") }, "%a")}`,
      "--open-mode=append",
      ...given("partition", "--partition"),
      ...given("time", "--time"),
      ...given("cpus", "--cpus-per-task"),
      ...given("gpus", "--gpus"),
      ...given("mem", "--mem"),
      ...resources.all("sbatch"),
    ];
  }

  async look(): Promise<readonly Seen[]> {
    const format = "%j|%F|%K|%T|%N|%r";
    const said = await slurmProgram("squeue", ["--me", "--noheader", "--array", `--format=${format}`]);
    if (said.code !== 0) throw new UserError(`--launcher slurm: ${complaint("squeue", said)}`);
    return said.stdout.split("\n").flatMap((line) => {
      const [name = "", job, index, state = "", node, reason] = line.trim().split("|");
      if (!name.startsWith(`${this.title}.`)) return [];
      const id = name.slice(this.title.length + 1);
      this.jobs.set(`${id}/${index}`, `${job}_${index}`);
      const what =
        state === "PENDING" ? `waits (${reason})` : `${state.toLowerCase()}${node ? ` on ${node}` : ""}`;
      return [{ id, index: Number(index), standing: `job ${job}_${index} ${what}` }];
    });
  }

  endingOf({ batch, index }: Task): Ending | undefined {
    const code = codeIn(codeFile(batch, index));
    // One that a signal ended may be on its way back to the queue: after a preemption, or because its node failed.
    return code === undefined || code > 128 ? undefined : { code };
  }

  async lost({ batch, index }: Task): Promise<Ending> {
    const job = this.jobs.get(`${batch.id}/${index}`);
    const state = job === undefined ? "" : await stateOf(job);
    const code = codeIn(codeFile(batch, index));
    if (state === "COMPLETED") return { code: code ?? 0 };
    const killed = code === KILLED && !/CANCELLED|NODE_FAIL/.test(state) ? "OUT_OF_MEMORY" : state;
    const remedy =
      REMEDIES.find(([pattern]) => pattern.test(killed))?.[1] ??
      `${said(batch, index)} has what Slurm said of it; the same command trains what is missing`;
    const left = `job ${job ?? "unknown"} has left the queue${state === "" ? "" : ` (${state})`}`;
    return { code: code ?? 1, why: `${left}: ${remedy}` };
  }

  async cancel(): Promise<void> {
    await this.look();
    const own = [...new Set([...this.jobs.values()].map((job) => job.split("_")[0]!))];
    const said = await slurmProgram("scancel", own);
    if (said.code !== 0) throw new UserError(`--launcher slurm: ${complaint("scancel", said)}`);
  }
}

/** What helps where a job ended so. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /TIMEOUT/,
    "its time was up before it had saved; give it more for that (--resource signal=SECONDS) or more time",
  ],
  [/OUT_OF_MEMORY/, "it took more memory than it was given; ask for more (--resource mem=…)"],
  [/CANCELLED/, "the same command trains what is missing"],
  [
    /NODE_FAIL|BOOT_FAIL/,
    "its node failed and Slurm did not queue it again; the same command trains what is missing",
  ],
];
/** Exit code of a run that SIGKILL ended: on a machine that is short of memory, the kernel's. */
const KILLED = 137;

/** What Slurm says of a task, beside what its run says. */
const said = ({ folder }: Batch, index: number | "%a"): string => join(folder, `${index}.slurm.txt`);

function codeIn(file: string): number | undefined {
  try {
    const text = readFileSync(file, "latin1").trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** State of a job that is no longer in the queue; "" where nothing tells it. */
async function stateOf(job: string): Promise<string> {
  try {
    const { stdout } = await slurmProgram("scontrol", ["show", "job", job, "--oneliner"]);
    const shown = /\bJobState=(\S+)/.exec(stdout)?.[1];
    if (shown !== undefined) return shown;
    const kept = await slurmProgram("sacct", ["-nXP", "-j", job, "-o", "State"]);
    return kept.stdout.trim().split(/\s/)[0] ?? "";
  } catch {
    return "";
  }
}

const slurmProgram = (program: string, args: readonly string[]): Promise<Said> =>
  runProgram(
    program,
    args,
    `--launcher slurm: expected Slurm's ${program} on the PATH, got none. Type this where Slurm's commands are, such as on a login node, or use --launcher local`,
  );

async function refusal(said: Said, resources: Resources): Promise<UserError> {
  const why = complaint("sbatch", said);
  if (/invalid partition/i.test(why)) {
    const { stdout } = await slurmProgram("sinfo", ["--noheader", "--format=%R"]);
    const names = [...new Set(stdout.split(/\s+/).filter((name) => name !== ""))];
    const partition = resources.one("partition") ?? "";
    return new ConfigError(
      `--resource partition=${partition}: expected one of ${names.join(", ")}, got "${partition}".${didYouMean(partition, names)} (${why})`,
    );
  }
  const remedy = /limit|QOS|quota|array/i.test(why)
    ? "--jobs N has so many in the queue at once; --resource changes what each asks for"
    : "Change --resource";
  return new ConfigError(`--launcher slurm: sbatch takes no such job: ${why}. ${remedy}`);
}

/** @throws ConfigError where a task's time is over as soon as it is told of its end */
function checkTime(resources: Resources): void {
  const [time, signal] = [resources.one("time"), Number(resources.one("signal") ?? SIGNAL)];
  if (time === undefined) return;
  const seconds = secondsOf(time);
  if (seconds > 0 && seconds <= signal)
    throw new ConfigError(
      `--resource time=${time}: expected more than the ${signal} s before its end at which a run saves and goes back to the queue, got ${seconds} s. Raise it, or lower --resource signal=${signal}`,
    );
}

/** Of a time as sbatch takes it: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S. */
export function secondsOf(time: string): number {
  const [days, rest] = time.includes("-") ? (time.split("-") as [string, string]) : ["", time];
  const parts = rest.split(":").map(Number);
  const [a = 0, b = 0, c = 0] = parts;
  if (days !== "") return ((Number(days) * 24 + a) * 60 + b) * 60 + c;
  return parts.length === 3 ? (a * 60 + b) * 60 + c : a * 60 + b;
}
