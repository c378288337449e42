import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasSlurm, type SlurmCluster, startSlurm } from "../../../scripts/slurm/cluster.ts";
import { launcherNamed } from "../../../src/experiment/launch/registry.ts";
import { secondsOf } from "../../../src/experiment/launch/slurm.ts";
import { openNewest } from "../../../src/experiment/runs/newest_run.ts";
import { allTests } from "../../support/all_tests.ts";
import { type Ended, startVae, vae } from "../../support/cli.ts";
import { folder } from "../../support/configs.ts";
import { figures } from "../../support/metrics.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 2, hidden_dims: [4, 8]}
data_params: {name: shapes3d, size: 32, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
trainer_params: {max_steps: 9000, check_val_every_n_epoch: 1000, log_every_n_steps: 1, checkpoint: {every_n_steps: 20}}
logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0, name: tiny}
`;
const cwd = folder({ "c.yaml": CONFIG });
const LAST = "version_0/checkpoints/last.safetensors";

/** The command of a sweep into `out`; ranges and settings in `more`, of which a later one stands. */
const sweep = (out: string, ...more: string[]) => [
  ..."run --config c.yaml --backend wasm --launcher slurm --out".split(" "),
  out,
  ...(more.includes("--sweep") ? [] : ["--sweep", "exp_params.LR=1e-4,1e-3"]),
  ...more,
];
const fleet = { name: "x", out: cwd };

it("a time is read as sbatch reads it", () => {
  expect(["90", "1:30", "4:00:00", "1-12", "1-12:30", "0-0:0:5"].map(secondsOf)).toEqual([
    5400, 90, 14400, 129600, 131400, 5,
  ]);
});

it.each([
  [["time=soon"], /^--resource time=soon: expected a time as sbatch takes it, such as 90 \(minutes\)/],
  [
    ["time=1", "signal=90"],
    /^--resource time=1: expected more than the 90 s before its end at which a run saves/,
  ],
  [["partitoin=x"], /got "partitoin"\. Did you mean "partition"\?/],
  [["cpus=2", "cpus=4"], /^--resource cpus=4: expected cpus once, got "2" before/],
])("of %j it says what was expected", (resources, message) => {
  expect(() => launcherNamed("slurm", { fleet, jobs: undefined, resources })).toThrow(message);
});

it("without Slurm's programs it says where they are", async () => {
  const { code, stderr } = await vae(sweep("none"), { cwd, env: { PATH: "/nowhere" } });
  expect([code, stderr]).toEqual([
    1,
    "--launcher slurm: expected Slurm's squeue on the PATH, got none. Type this where Slurm's commands are, such as on a login node, or use --launcher local\n",
  ]);
});

it("what a queue alone can do is refused of this machine, and of one run", async () => {
  const errors = await Promise.all([
    vae(["run", "--config", "c.yaml", "--sweep", "exp_params.LR=1,2", "--cancel"], { cwd }),
    vae(["run", "--config", "c.yaml", "--launcher", "slurm"], { cwd }),
    vae(sweep("x", "--launcher", "slrum"), { cwd }),
    vae(["run", "--config", "c.yaml", "--sweep", "exp_params.LR=1,2", "--resource", "cpus=2"], { cwd }),
  ]);
  expect(errors.map(({ code, stderr }) => [code, stderr])).toEqual([
    [2, expect.stringMatching(/^--cancel: expected --launcher slurm or kubernetes with it/)],
    [2, expect.stringMatching(/^vae run --launcher: expected --sweep KEY=RANGE with it/)],
    [2, '--launcher: expected one of local, slurm, kubernetes, got "slrum". Did you mean "slurm"?\n'],
    [2, expect.stringMatching(/^--resource cpus=2: expected none with --launcher local/)],
  ]);
});

describe.skipIf(!allTests || !hasSlurm())("on a Slurm of three nodes", () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm(["n1", "n2", "n3"]);
  }, 60_000);
  afterAll(() => cluster?.stop());
  const slurm = (args: readonly string[]): Promise<Ended> => vae(args, { cwd, env: cluster.env });
  it("a killed node's run goes on on another one, to the bits of one here; a member that fails ends alone", async () => {
    const more = ["--sweep", "exp_params.LR=1e-3,1e+15", "--set", "trainer_params.max_steps=400"];
    const running = startVae(sweep("killed", ...more, "--resource", "time=10"), { cwd, env: cluster.env });
    const here = vae(
      sweep("here", ...more).filter((word) => !/launcher|slurm/.test(word)),
      { cwd },
    );
    await running.said("in Slurm's queue, each with time 10; 2 not at their end");
    const run = (out: string) => join(cwd, out, "LR=0.001/seed_1265");
    while (!existsSync(join(run("killed"), LAST))) await pause(200);
    const output = () => readFileSync(join(run("killed"), "output.txt"), "utf8");
    cluster.killNode(/\njob \d+_0 on (n\d)\n/.exec(output())![1]!);
    const { code, stdout, stderr } = await running.ended;
    expect([code, stderr], stdout).toEqual([
      1,
      expect.stringMatching(/^1 training failed; the same command/),
    ]);
    expect(stdout).toMatch(/LR=1000000000000000: failed: .*the loss is no longer finite/);
    expect(output()).toMatch(/ on n\d, restart 1\n[\s\S]*resumed at step \d+[\s\S]*trained in/);
    expect((await here).code).toBe(1);
    const remains = (out: string) => [
      figures(readFileSync(join(run(out), "version_0/metrics.csv"), "utf8")),
      readFileSync(join(run(out), LAST)).toString("base64"),
    ];
    expect(remains("killed")).toEqual(remains("here"));
    expect(existsSync(join(run("killed"), "version_1"))).toBe(false);
  }, 300_000);

  it("left by its command, runs whose time is up save and go on; the same command finds them, and ends them", async () => {
    // Slurm looks every half a minute whether a job's time is almost up.
    const args = sweep("long", "--resource", "time=1", "--resource", "signal=55");
    const left = startVae(args, { cwd, env: cluster.env });
    await left.said("LR=0.001: queued");
    const file = join(cwd, "long/LR=0.001/seed_1265/output.txt");
    const output = () => (existsSync(file) ? readFileSync(file, "utf8") : "");
    while (!output().includes("step 1/")) await pause(200);
    left.child.kill("SIGINT");
    const { code, stdout } = await left.ended;
    expect(code).toBe(130);
    expect(stdout).toMatch(
      /left in the queue: 2 runs\. How they stand: vae run .* --status\. To end them, saved: .* --cancel/,
    );
    while (!/resumed at step/.test(output())) await pause(200);
    expect(output()).toMatch(/SIGTERM: saving after this step[\s\S]*\njob \d+_1 on n\d, restart \d+\n/);

    const again = startVae(args, { cwd, env: cluster.env });
    await again.said("LR=0.001: going on at step");
    const status = await slurm([...args, "--status"]);
    expect(status.stdout.match(/job \d+_[01] (running on n\d|waits)/g)).toHaveLength(2);
    expect(readdirSync(join(cwd, "long/slurm"))).toHaveLength(1); // submitted once

    const cancel = await slurm([...args, "--cancel"]);
    expect(cancel.stdout).toMatch(/^2 runs told to end; what is under way saves first\. To go on: vae run /);
    const ended = await again.ended;
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(
      /failed: job \d+_0 has left the queue \(CANCELLED\): the same command trains what is missing/,
    );
    expect(output()).toMatch(/\nstopped at step \d+, saved\. To go on: .*\n$/);
    expect((await slurm([...args, "--cancel"])).stdout).toBe("nothing of it is in the queue\n");
  }, 300_000);

  it("a run that another process holds goes back to the queue, and is trained when that has ended", async () => {
    const held = await openNewest(join(cwd, "held/LR=0.001"), "seed_1265");
    const one = ["--sweep", "exp_params.LR=1e-3", "--set", "trainer_params.max_steps=5"];
    const running = startVae(sweep("held", ...one), { cwd, env: cluster.env });
    const file = join(cwd, "held/LR=0.001/seed_1265/output.txt");
    const output = () => (existsSync(file) ? readFileSync(file, "utf8") : "");
    while (!output().includes("is writing to it since")) await pause(200);
    held.release();
    const { code, stdout } = await running.ended;
    expect(code, stdout).toBe(0);
    expect(output()).toMatch(/is writing to it since[\s\S]* on n\d, restart \d+\n[\s\S]*trained in/);
  }, 120_000);

  it("a partition that is none is told with those that there are", async () => {
    const { code, stderr } = await slurm(sweep("wrong", "--resource", "partition=mian"));
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^--resource partition=mian: expected one of main, got "mian"\. Did you mean "main"\? \(sbatch: error: invalid partition/,
      ),
    ]);
    const limit = await slurm(sweep("wrong", "--resource", "mem=1T"));
    expect([limit.code, limit.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^--launcher slurm: sbatch takes no such job: sbatch: error: .*\. Change --resource\n$/,
      ),
    ]);
  }, 60_000);
});
