import { join } from "node:path";
import { stringify } from "yaml";
import { ConfigError, UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { type Batch, type Fleet, markOf } from "./batch.ts";
import type { LauncherDefinition } from "./define.ts";
import { BATCH, FLEET, jobName, kubernetesJob, podScript } from "./kubernetes_job.ts";
import type { Ending } from "./launcher.ts";
import { complaint, runProgram, type Said } from "./program.ts";
import { type Driver, queueLauncher, type Seen, type Task } from "./queued.ts";
import { COUNT, type ResourceKeys, type Resources } from "./resources.ts";

const KEYS: ResourceKeys = {
  image: { about: "with `vae` in its PATH, such as what the Dockerfile makes; needed" },
  volume: {
    about: "CLAIM:/PATH, a persistent volume claim that pods and this machine have at the same path; needed",
    pattern: /^[^:]+:\/./,
    expected: "CLAIM:/PATH",
    many: true,
  },
  namespace: { about: "of kubectl" },
  context: { about: "of kubectl" },
  cpus: { about: "processors of a run, and so many threads", ...COUNT },
  gpus: {
    about: "such as 1, or with their resource amd.com/gpu:1; default: nvidia.com/gpu",
    pattern: /^([\w./-]+:)?[1-9]\d*$/,
    expected: "a number, or RESOURCE:NUMBER",
  },
  mem: {
    about: "memory, such as 16Gi",
    pattern: /^\d+(\.\d+)?([EPTGMk]|[EPTGMK]i)?$/,
    expected: "a quantity such as 16Gi",
  },
  at_once: { about: "runs of a job that are trained at once", ...COUNT },
  retries: {
    about: "how often a run that failed is tried anew; default: 3",
    pattern: /^\d+$/,
    expected: "an integer ≥ 0",
  },
  grace: { about: "seconds that a run has to save; default: 120", ...COUNT },
  pod: { about: "YAML file of further keys of the pods' spec, such as nodeSelector or tolerations" },
};

/** Indexed Jobs of Kubernetes, of which each index trains one member. */
export const kubernetes: LauncherDefinition = {
  keys: KEYS,
  make({ fleet, resources, jobs }) {
    for (const key of ["image", "volume"])
      if (resources.one(key) === undefined)
        throw new ConfigError(
          `--launcher kubernetes: expected --resource ${key}=${key === "image" ? "NAME" : "CLAIM:/PATH"} (${KEYS[key]!.about}), got none`,
        );
    return queueLauncher(new Kubernetes(fleet, resources), fleet, {
      jobs: jobs ?? Number.POSITIVE_INFINITY,
      about: `as pods of ${resources.one("image")}${jobs === undefined ? "" : `, ${jobs} at a time`}`,
    });
  },
};

/** What is read of a Job as kubectl has it. */
interface JobObject {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly completions: number };
  readonly status?: {
    readonly completedIndexes?: string;
    readonly failedIndexes?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** What is read of a Pod. */
interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly waiting?: { readonly reason?: string };
        readonly terminated?: { readonly exitCode: number; readonly reason?: string };
      };
    }[];
  };
}

const INDEX = "batch.kubernetes.io/job-completion-index";

class Kubernetes implements Driver {
  readonly name = "kubernetes";
  readonly most = 1000;

  constructor(
    private readonly fleet: Fleet,
    private readonly resources: Resources,
  ) {}

  async submit(batch: Batch): Promise<void> {
    const script = join(batch.folder, "job.sh");
    const manifest = join(batch.folder, "job.yaml");
    await writeAtomic(script, podScript(batch));
    await writeAtomic(manifest, stringify(kubernetesJob(this.fleet, batch, script, this.resources)));
    await this.kubectl("create", "-f", manifest);
  }

  async look(): Promise<readonly Seen[]> {
    const selected = ["-l", `${FLEET}=${markOf(this.fleet)}`, "-o", "json"];
    const [jobs, pods] = await Promise.all([
      this.kubectl("get", "jobs", ...selected),
      this.kubectl("get", "pods", ...selected),
    ]);
    return seenIn(itemsOf<JobObject>(jobs), itemsOf<PodObject>(pods));
  }

  endingOf(): Ending | undefined {
    return undefined; // the cluster tells
  }

  async lost({ batch }: Task): Promise<Ending> {
    const name = jobName(this.fleet, batch.id);
    return {
      code: 1,
      why: `job ${name} is no longer in the cluster; the same command trains what is missing`,
    };
  }

  async cancel(): Promise<void> {
    await this.kubectl("delete", "jobs", "-l", `${FLEET}=${markOf(this.fleet)}`, "--wait=false");
  }

  private async kubectl(...args: string[]): Promise<Said> {
    const where = ["namespace", "context"].flatMap((key) => {
      const value = this.resources.one(key);
      return value === undefined ? [] : [`--${key}=${value}`];
    });
    const said = await runProgram(
      "kubectl",
      [...where, ...args],
      "--launcher kubernetes: expected kubectl on the PATH, got none. Install it, or use --launcher local",
    );
    if (said.code !== 0)
      throw new UserError(
        `--launcher kubernetes: kubectl ${args[0]}: ${complaint("kubectl", said)}. ${remedyOf(said)}`,
      );
    return said;
  }
}

const itemsOf = <T>({ stdout }: Said): readonly T[] => (JSON.parse(stdout) as { items: T[] }).items;

function remedyOf({ stderr }: Said): string {
  if (/quota/i.test(stderr))
    return "--jobs N has so many in the cluster at once; --resource changes what each asks for";
  if (/forbidden/i.test(stderr))
    return "Ask for the right to jobs and pods in this namespace, or name another: --resource namespace=NAME";
  if (/connection|refused|no such host|timeout|did not answer|certificate/i.test(stderr))
    return "kubectl config get-contexts lists the clusters; --resource context=NAME names one";
  return "Change --resource";
}

/** The tasks of jobs, by what they and their pods say of themselves. */
export function seenIn(jobs: readonly JobObject[], pods: readonly PodObject[]): Seen[] {
  return jobs.flatMap((job) => {
    const { name, labels, deletionTimestamp } = job.metadata;
    const id = labels[BATCH]!;
    const { completedIndexes, failedIndexes, conditions = [] } = job.status ?? {};
    const [completed, failed] = [indexesIn(completedIndexes), indexesIn(failedIndexes)];
    const over = conditions.find(({ type, status }) => type === "Failed" && status === "True");
    return Array.from({ length: job.spec.completions }, (_, index): Seen => {
      const pod = newest(
        pods.filter(({ metadata }) => metadata.labels[BATCH] === id && indexOf(metadata) === index),
      );
      const standing = `job ${name} ${deletionTimestamp === undefined ? standingOf(pod) : "is being deleted"}`;
      const seen = { id, index, standing };
      if (completed.has(index)) return { ...seen, ending: { code: 0 } };
      if (failed.has(index) || over !== undefined)
        return { ...seen, ending: failureOf(name, pod, over?.message) };
      return seen;
    });
  });
}

const indexOf = ({ annotations, labels }: PodObject["metadata"]): number =>
  Number(annotations?.[INDEX] ?? labels[INDEX]);

const newest = (pods: readonly PodObject[]): PodObject | undefined =>
  [...pods].sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp)).at(-1);

function standingOf(pod: PodObject | undefined): string {
  if (pod === undefined) return "waits (it has no pod yet)";
  const { phase = "Unknown", conditions = [], containerStatuses = [] } = pod.status ?? {};
  if (phase !== "Pending") return `${phase.toLowerCase()} on ${pod.spec.nodeName}`;
  const unscheduled = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
  const reason = unscheduled?.reason ?? containerStatuses[0]?.state?.waiting?.reason;
  return `waits${reason === undefined ? "" : ` (${reason})`}`;
}

/** How a member ended that is not tried any more; without a `why` where its run says so itself. */
function failureOf(job: string, pod: PodObject | undefined, message: string | undefined): Ending {
  const end = pod?.status?.containerStatuses?.[0]?.state?.terminated;
  const code = end?.exitCode ?? 1;
  if (end?.reason === "OOMKilled")
    return { code, why: "it took more memory than it was given; ask for more (--resource mem=…)" };
  if (end !== undefined && code > 0 && code <= 128) return { code };
  return { code, why: message ?? `job ${job}: kubectl describe job ${job} says why it failed` };
}

/** The numbers of `1,3-5`. */
function indexesIn(text = ""): ReadonlySet<number> {
  const ranges = text.split(",").filter((part) => part !== "");
  return new Set(
    ranges.flatMap((range) => {
      const [from, to = from] = range.split("-").map(Number) as [number, number?];
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    }),
  );
}
