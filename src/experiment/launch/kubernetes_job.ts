import { readFileSync } from "node:fs";
import { resolve, sep } from "node:path";
import { parse } from "yaml";
import { ConfigError, TRY_AGAIN } from "../../errors.ts";
import { type Batch, type Fleet, markOf } from "./batch.ts";
import type { Resources } from "./resources.ts";
import { commandsBy } from "./shell_script.ts";
import { THREAD_VARIABLES } from "./threads.ts";

/** Labels by which a series's jobs, and their pods, are found again. */
export const FLEET = "tfjs-vae/fleet";
export const BATCH = "tfjs-vae/batch";

/** Exit codes after which a run goes on elsewhere and nothing counts against it: another process holds it, or a signal. */
const GOES_ON = [TRY_AGAIN, 129, 130, 131, 143, 152];
/** Those that would come again: a mistake in a config or on the command line, and a bug. */
const MISTAKES = [2, 70];

/** So often a member is tried anew that fails otherwise: memory, a disk, a network drive. */
const RETRIES = 3;
/** Seconds that a run has to save, from SIGTERM on. */
const GRACE = 120;
/** Seconds until the cluster forgets a job that has ended: a week. */
const KEPT = 7 * 24 * 3600;
/** User of the pods where this one is root: the `node` of Node's images. */
const NODE_USER = 1000;

/**
 * An Indexed Job (https://kubernetes.io/docs/concepts/workloads/controllers/job/) that trains a member at each index:
 * a pod runs at a time for each, is replaced when it has ended, and not at all after a user's mistake.
 *
 * @param script what the pods run, in the batch's folder
 * @throws ConfigError where the batch lies in none of the volumes, or the file of `pod` is none
 */
export function kubernetesJob(fleet: Fleet, batch: Batch, script: string, resources: Resources): object {
  const labels = { "app.kubernetes.io/name": "tfjs-vae", [FLEET]: markOf(fleet), [BATCH]: batch.id };
  const count = batch.commands.length;
  const atOnce = Number(resources.one("at_once") ?? count);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: jobName(fleet, batch.id),
      labels,
      annotations: { "tfjs-vae/series": fleet.name, "tfjs-vae/out": resolve(fleet.out) },
    },
    spec: {
      completionMode: "Indexed",
      completions: count,
      parallelism: Math.min(count, atOnce),
      backoffLimitPerIndex: Number(resources.one("retries") ?? RETRIES),
      podReplacementPolicy: "Failed", // so that two never write to one run
      podFailurePolicy: {
        rules: [
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          { action: "Ignore", onExitCodes: { containerName: "vae", operator: "In", values: GOES_ON } },
          { action: "FailIndex", onExitCodes: { containerName: "vae", operator: "In", values: MISTAKES } },
        ],
      },
      ttlSecondsAfterFinished: KEPT,
      template: { metadata: { labels }, spec: podSpec(fleet, script, resources) },
    },
  };
}

/** Short enough for the names of its pods. */
export const jobName = (fleet: Fleet, id: string): string => `vae-${markOf(fleet)}-${id}`;

function podSpec(fleet: Fleet, script: string, resources: Resources): object {
  const volumes = resources.all("volume").map((text, i) => {
    const [claimName, path] = text.split(/:(.*)/s) as [string, string];
    return { name: `v${i}`, claimName, path: resolve(path) };
  });
  const out = resolve(fleet.out);
  if (!volumes.some(({ path }) => out === path || out.startsWith(path.endsWith(sep) ? path : path + sep)))
    throw new ConfigError(
      `--resource volume=CLAIM:/PATH: expected a volume that holds ${out}, at the path where it is mounted here, got ${volumes.length === 0 ? "none" : volumes.map(({ path }) => path).join(", ")}. The runs are written there; give another --out, or the volume`,
    );
  const [uid, gid] = [process.getuid?.() || NODE_USER, process.getgid?.() || NODE_USER];
  const cpus = resources.one("cpus");
  const [gpus, kind = "nvidia.com/gpu"] = (resources.one("gpus") ?? "").split(":").reverse();
  const asked = {
    ...(cpus !== undefined && { cpu: cpus }),
    ...(resources.one("mem") !== undefined && { memory: resources.one("mem") }),
    ...(gpus && { [kind]: gpus }),
  };
  return {
    automountServiceAccountToken: false,
    ...overridesIn(resources.one("pod")),
    restartPolicy: "Never",
    terminationGracePeriodSeconds: Number(resources.one("grace") ?? GRACE),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: gid,
      fsGroup: gid,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "vae",
        image: resources.one("image"),
        command: ["/bin/sh", script],
        workingDir: process.cwd(),
        env: cpus === undefined ? [] : THREAD_VARIABLES.map((name) => ({ name, value: cpus })),
        resources: { requests: asked, limits: asked },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: volumes.map(({ name, path }) => ({ name, mountPath: path })),
      },
    ],
    volumes: volumes.map(({ name, claimName }) => ({ name, persistentVolumeClaim: { claimName } })),
  };
}

/** Keys of a pod's spec that the job says. */
const OWN = ["restartPolicy", "terminationGracePeriodSeconds", "securityContext", "containers", "volumes"];

/** What a YAML file says of the pods: where they may run, what pulls the image. */
function overridesIn(file: string | undefined): object {
  if (file === undefined) return {};
  const fault = (what: string) => new ConfigError(`--resource pod=${file}: ${what}`);
  let found: unknown;
  try {
    found = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw fault(`expected a YAML file, got one that can't be read: ${(error as Error).message}`);
  }
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw fault("expected keys of a pod's spec, such as nodeSelector: {…}, got none");
  const own = OWN.filter((key) => key in found);
  if (own.length > 0)
    throw fault(`expected none of ${OWN.join(", ")}, which the job says, got ${own.join(", ")}`);
  return found;
}

/**
 * The script of a job's pods, which becomes the run itself, so that SIGTERM reaches it. One process and no rank of many:
 * `TF_CONFIG` is kept from it.
 */
export function podScript(batch: Batch): string {
  return `${commandsBy("JOB_COMPLETION_INDEX", batch)}
unset TF_CONFIG
printf 'pod %s\\n' "$HOSTNAME" >>"$output"
exec vae "$@" >>"$output" 2>&1
`;
}
