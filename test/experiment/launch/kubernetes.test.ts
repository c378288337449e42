import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { kubernetes, seenIn } from "../../../src/experiment/launch/kubernetes.ts";
import { kubernetesJob, podScript } from "../../../src/experiment/launch/kubernetes_job.ts";
import { launcherNamed } from "../../../src/experiment/launch/registry.ts";
import { Resources } from "../../../src/experiment/launch/resources.ts";
import { slurm } from "../../../src/experiment/launch/slurm.ts";
import { allTests } from "../../support/all_tests.ts";
import { folder } from "../../support/configs.ts";
import { madeBatch } from "../../support/launched.ts";
import { pythonWith } from "../../support/python_environment.ts";

const VALIDATE = "1.37.0";
const out = folder({
  "pods.yaml": "nodeSelector: {pool: gpu}\ntolerations: [{key: gpu, operator: Exists}]\n",
});
const fleet = { name: "faces", out };
const ANY = { pattern: /./, many: true };
const KEYS = ["image", "volume", "cpus", "gpus", "mem", "at_once", "retries", "grace", "pod"];
const resources = (...given: string[]) =>
  new Resources("kubernetes", Object.fromEntries(KEYS.map((key) => [key, { about: "", ...ANY }])), given);
const needed = ["image=vae:1", `volume=runs:${out}`];

/** Kubernetes' own schema of what it is given, of the oldest and the newest release that is meant. */
const CHECK = `
import json, sys, kubernetes_validate
for version in ("1.31", "1.37"):
    for job in json.load(sys.stdin if version == "1.31" else open(sys.argv[1])):
        kubernetes_validate.validate(job, version, strict=True)
print("fits")
`;

it.runIf(allTests)("the Job fits Kubernetes' own schema, strictly, and a misspelled key would not", () => {
  const jobs = [
    kubernetesJob(fleet, madeBatch(fleet, 3), "/runs/job.sh", resources(...needed)),
    kubernetesJob(
      fleet,
      madeBatch(fleet, 3),
      "/runs/job.sh",
      resources(
        ...needed,
        "cpus=4",
        "gpus=amd.com/gpu:2",
        "mem=16Gi",
        "at_once=2",
        `pod=${join(out, "pods.yaml")}`,
      ),
    ),
  ];
  expect(jobs[1]).toMatchObject({
    spec: {
      completions: 3,
      parallelism: 2,
      template: {
        spec: {
          nodeSelector: { pool: "gpu" },
          containers: [{ resources: { limits: { cpu: "4", memory: "16Gi", "amd.com/gpu": "2" } } }],
        },
      },
    },
  });
  const python = pythonWith(
    `kubernetes-validate-${VALIDATE}`,
    `kubernetes-validate==${VALIDATE}`,
    (found) => spawnSync(found, ["-c", "import kubernetes_validate"]).status === 0,
  );
  const check = (given: readonly object[]) => {
    const file = join(out, "jobs.json");
    writeFileSync(file, JSON.stringify(given));
    return spawnSync(python, ["-c", CHECK, file], { encoding: "utf8", input: JSON.stringify(given) });
  };
  expect(check(jobs)).toMatchObject({ stdout: "fits\n", status: 0 });
  const wrong = JSON.parse(JSON.stringify(jobs[0]).replace("podFailurePolicy", "podFailurePolicies"));
  expect(check([wrong]).stderr).toContain("podFailurePolicies");
});

it("a signal and a held run go on, a mistake and a bug fail their index, and two pods never have one member", () => {
  const { spec } = kubernetesJob(fleet, madeBatch(fleet, 2), "/runs/job.sh", resources(...needed)) as {
    spec: Record<string, unknown> & { podFailurePolicy: { rules: object[] } };
  };
  expect(spec).toMatchObject({
    completionMode: "Indexed",
    backoffLimitPerIndex: 3,
    podReplacementPolicy: "Failed",
  });
  expect(spec.podFailurePolicy.rules).toMatchObject([
    { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] },
    { action: "Ignore", onExitCodes: { values: [75, 129, 130, 131, 143, 152] } },
    { action: "FailIndex", onExitCodes: { values: [2, 70] } },
  ]);
});

it("each index runs its member's command and nothing of another, whatever its name holds", () => {
  const batch = madeBatch(fleet, 2);
  const bin = join(out, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "vae"),
    `#!/bin/sh\necho "TF_CONFIG=$TF_CONFIG"; for arg in "$@"; do echo "$arg"; done\n`,
  );
  chmodSync(join(bin, "vae"), 0o755);
  const { args, output } = batch.commands[1]!;
  mkdirSync(join(out, "it's 1"));
  execFileSync("sh", ["-c", podScript(batch)], {
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      JOB_COMPLETION_INDEX: "1",
      HOSTNAME: "vae-1",
      TF_CONFIG: "{}",
    },
  });
  expect(readFileSync(output, "utf8").split("\n")).toEqual(["pod vae-1", "TF_CONFIG=", ...args, ""]);
});

/** As `kubectl get -o json` has it (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/). */
const job = (status: object) => ({
  metadata: { name: "vae-x", labels: { "tfjs-vae/batch": "b" } },
  spec: { completions: 6 },
  status,
});
const pod = (index: number, created: string, status: object) => ({
  metadata: {
    name: `vae-x-${index}`,
    creationTimestamp: created,
    labels: { "tfjs-vae/batch": "b" },
    annotations: { "batch.kubernetes.io/job-completion-index": String(index) },
  },
  spec: { nodeName: "node7" },
  status,
});
const ended = (exitCode: number, reason: string) => ({
  phase: "Failed",
  containerStatuses: [{ state: { terminated: { exitCode, reason } } }],
});

it("of each index it is told how it stands or ended, by its newest pod", () => {
  const seen = seenIn(
    [job({ completedIndexes: "0,2-3", failedIndexes: "1" })],
    [
      pod(1, "2026-01-01T00:00:00Z", ended(1, "Error")),
      pod(1, "2026-01-01T00:01:00Z", ended(137, "OOMKilled")),
      pod(4, "2026-01-01T00:00:00Z", { phase: "Running" }),
    ],
  );
  expect(seen.map(({ ending }) => ending?.code)).toEqual([0, 137, 0, 0, undefined, undefined]);
  expect(seen[1]!.ending!.why).toContain("--resource mem=");
  expect(seen.slice(4).map(({ standing }) => standing)).toEqual([
    "job vae-x running on node7",
    "job vae-x waits (it has no pod yet)",
  ]);
  const over = seenIn([job({ conditions: [{ type: "Failed", status: "True", message: "too long" }] })], []);
  expect(over.every(({ ending }) => ending?.why === "too long")).toBe(true);
});

it.each(Object.entries({ slurm, kubernetes }))("docs/scale.md has every key of %s", (_, { keys }) => {
  const page = readFileSync(new URL("../../../docs/scale.md", import.meta.url), "utf8");
  for (const key of Object.keys(keys)) expect(page).toContain(`\`${key}=`);
});

it.each([
  [[], /^--launcher kubernetes: expected --resource image=NAME \(with `vae` in its PATH/],
  [["image=vae:1"], /expected --resource volume=CLAIM:\/PATH/],
  [[...needed, "volume=runs"], /^--resource volume=runs: expected CLAIM:\/PATH, got "runs"/],
  [
    [...needed, "men=4Gi"],
    /^--resource men=4Gi: expected one of image, .*, got "men"\. Did you mean "mem"\?/,
  ],
  [[...needed, "mem=lots"], /^--resource mem=lots: expected a quantity such as 16Gi, got "lots"/],
])("of %j it says what was expected", (given, message) => {
  expect(() => launcherNamed("kubernetes", { fleet, jobs: undefined, resources: given })).toThrow(message);
});

it("runs outside every volume are refused before anything is submitted", () => {
  const elsewhere = resources("image=vae:1", "volume=runs:/other");
  expect(() => kubernetesJob(fleet, madeBatch(fleet, 1), "/runs/job.sh", elsewhere)).toThrow(
    `expected a volume that holds ${out}, at the path where it is mounted here, got /other`,
  );
});

it.skipIf(spawnSync("kubectl", ["version", "--client"]).status !== 0)(
  "without a cluster it says what kubectl said, and how to name one",
  async () => {
    const launcher = launcherNamed("kubernetes", { fleet, jobs: undefined, resources: needed });
    process.env.KUBECONFIG = join(out, "none");
    await expect(launcher.start(madeBatch(fleet, 1).commands)).rejects.toThrow(
      /^--launcher kubernetes: kubectl get: .*(refused|connection).*\. kubectl config get-contexts lists the clusters/s,
    );
  },
);
