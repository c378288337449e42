import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { duration } from "../src/text/numbers.ts";
import { figures } from "../test/support/metrics.ts";
import { hasSlurm, startSlurm } from "./slurm/cluster.ts";

// Whether an experiment on a Slurm cluster that loses a node ends complete, and as one that nothing happened to:
// npx tsx scripts/slurm_faults.ts [STEPS]
// trains six variants once one after the other on this machine, and once as a job array on three nodes, of which one is
// killed, with all that runs on it, as soon as its run has saved; then compares what both leave, byte by byte. Needs
// Slurm's and munge's programs. STEPS: of each run, 200 where left out.
const steps = Number(process.argv[2] ?? 200);
const RUNS = ["VanillaVAE", "BetaVAE", "InfoVAE", "DIPVAE", "LogCoshVAE", "VQVAE"];
const EXPERIMENT = `
name: fleet
seeds: [1]
steps: ${steps}
shared:
  data_params: {name: shapes3d, size: 256, patch_size: 32, train_batch_size: 16, val_batch_size: 16, val_limit: 16}
  trainer_params: {checkpoint: {every_n_steps: 20}, log_every_n_steps: 10, check_val_every_n_epoch: 5}
  logging_params: {image_count: 4, latent_count: 16, histogram_every_n_steps: 0}
runs:
${RUNS.map((name) => `  ${name}: {model_params: {name: ${name}, hidden_dims: [8, 16]}}`).join("\n")}
evaluation: {metrics: [psnr], max_images: 64}
`;
const bin = fileURLToPath(new URL("../bin/vae.js", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-slurm-"));
const fail = (why: string): never => {
  throw new Error(`not as it should be: ${why}; see ${root}`);
};
if (!hasSlurm()) fail("Slurm's and munge's programs are missing on this machine");
writeFileSync(join(root, "fleet.yaml"), EXPERIMENT);

function experiment(out: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  mkdirSync(out);
  const child = spawn(
    process.execPath,
    [bin, "experiment", "fleet.yaml", "--out", out, "--backend", "wasm", ...args],
    { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] },
  );
  return { child, ended: new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? 1))) };
}

/** Path in the experiment's folder -> what is in it, of all that says nothing of time and place. */
function remains(out: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (folder: string) => {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else if (/\.(safetensors|png|tsv)$/.test(name))
        found.set(relative(out, path), createHash("sha256").update(readFileSync(path)).digest("hex"));
      else if (["config.yaml", "experiment_evaluation.json"].includes(name))
        found.set(relative(out, path), readFileSync(path, "utf8").replaceAll(out, "OUT"));
      else if (name === "metrics.csv")
        found.set(relative(out, path), JSON.stringify(figures(readFileSync(path, "utf8"))));
    }
  };
  for (const run of RUNS) walk(join(out, run));
  return found;
}

/** The node, of those under way, whose run is saved first, and that run. */
async function firstSaved(out: string, env: NodeJS.ProcessEnv, of: ChildProcess) {
  for (;;) {
    if (of.exitCode !== null) fail("the experiment ended before a node was lost");
    const { stdout } = spawnSync("squeue", ["-h", "-r", "-t", "RUNNING", "-o", "%K %N"], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    for (const line of stdout.trim().split("\n")) {
      const [index, node] = line.split(" ");
      const run = RUNS[Number(index)];
      const last = join(out, run ?? "", "seed_1/version_0/checkpoints/last.safetensors");
      if (node && run && statSync(last, { throwIfNoEntry: false })) return { node, run };
    }
    await sleep(200);
  }
}

const [whole, broken] = [join(root, "whole"), join(root, "broken")];
const began = Date.now();
if ((await experiment(whole).ended) !== 0) fail("the unbroken experiment failed");
const unbroken = duration((Date.now() - began) / 1000);
const cluster = await startSlurm(["n1", "n2", "n3"]);
try {
  const started = Date.now();
  const { child, ended } = experiment(broken, ["--launcher", "slurm"], cluster.env);
  const { node, run } = await firstSaved(broken, cluster.env, child);
  console.log(`killing ${node}, which trains ${run}`);
  cluster.killNode(node);
  if ((await ended) !== 0) fail("the experiment that lost a node failed");
  const took = duration((Date.now() - started) / 1000);
  const output = readFileSync(join(broken, run, "seed_1/output.txt"), "utf8");
  const nodes = [...output.matchAll(/^job \S+ on (\S+?)(?:,|$)/gm)].map(([, name]) => name);
  const resumed = /resumed at step (\d+)/.exec(output)?.[1];
  if (nodes.length < 2 || resumed === undefined)
    fail(`${run} did not go on on another node: ${nodes.join(", ")}`);
  const [a, b] = [remains(whole), remains(broken)];
  const differing = [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
  if (differing.length > 0) fail(`these differ: ${differing.join(", ")}`);
  console.log(
    `${RUNS.length} runs of ${steps} steps on three nodes, of which ${node} was killed: complete, ${a.size} files as in an unbroken ` +
      `experiment. ${run} went on at step ${resumed} on ${nodes.at(-1)}. ${took} (one after the other on this machine, unbroken: ${unbroken})`,
  );
} finally {
  await cluster.stop();
}
rmSync(root, { recursive: true, force: true });
process.exit();
