import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import { newestCheckpoint, saveCheckpoint } from "../../src/experiment/runs/checkpoint_files.ts";
import { allTests } from "../support/all_tests.ts";
import { startVae, vae } from "../support/cli.ts";
import { canBeElsewhere, elsewhere } from "../support/elsewhere.ts";
import { figures } from "../support/metrics.ts";
import { withoutRoot } from "../support/nobody.ts";

const bin = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-faults-"));
/** Checkpoints of 135 kB, one every second step. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_limit: 16}
trainer_params: {max_epochs: 100000, log_every_n_steps: 1, checkpoint: {every_n_steps: 2}}
logging_params: {image_count: 4, name: faults}
`;
const config = join(root, "faults.yaml");
beforeAll(() => writeFileSync(config, CONFIG));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ARGS = ["run", "--config", config, "--backend", "wasm"];
/** No checkpoint but those that are asked for. */
const LONG_EPOCH = ["trainer_params.checkpoint={every_n_steps: null}", "data_params.size=6400"].flatMap(
  (set) => ["--set", set],
);
const newFolder = () => mkdtempSync(join(root, "cwd-"));
const runOf = (cwd: string) => join(cwd, "logs/faults/version_0");
const last = (run: string) => readCheckpoint(join(run, "checkpoints/last.safetensors"));

/** Steps of the rows of training; each has to be there once. */
function steps(run: string): number[] {
  const [header, ...rows] = figures(readFileSync(join(run, "metrics.csv"), "utf8"));
  const total = header!.indexOf("train/total");
  return rows.filter((row) => row[total] !== "").map((row) => Number(row[0]));
}
/** Every file of a run, but event files: each process has its own. */
const all = (run: string) =>
  readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("events."))
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), "latin1")]);
const upTo = (step: number) => Array.from({ length: step }, (_, i) => i + 1);

/** Whether this process may mount a file system of its own (root in most containers may not). */
function mountSmall(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]).status === 0;
}

describe("a run whose disk", () => {
  it("is full says so, trains on, and saves and logs all again when there is room", async ({ skip }) => {
    const disk = join(root, "disk");
    if (!mountSmall(disk)) return skip("no file system may be mounted here");
    try {
      const { child, said, ended } = startVae(ARGS, { cwd: disk });
      await said("epoch 2/");
      const filler = join(disk, "filler");
      spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"]); // until no space is left
      await said("not saved at step");
      await said("the disk is full: make room");
      await said("Training goes on. The last checkpoint is of step");
      const { state } = (await newestCheckpoint(join(runOf(disk), "checkpoints"))).checkpoint;
      expect(state.step).toBeGreaterThan(0);
      expect(existsSync(join(runOf(disk), "checkpoints/last.safetensors"))).toBe(true);
      await said("validation"); // steps and an epoch go by
      rmSync(filler);
      await said("saved again");
      child.kill("SIGINT");
      expect(await ended).toMatchObject({ code: 130, stderr: "" });
      const { step } = last(runOf(disk)).state;
      expect(step).toBeGreaterThan(state.step);
      expect(steps(runOf(disk))).toEqual(upTo(step));
    } finally {
      execFileSync("umount", [disk]);
    }
  });

  it("takes no checkpoint at all trains to the end, says each time that none is saved, and ends with 1", async () => {
    const cwd = newFolder();
    const command = `ulimit -f 100; exec "${process.execPath}" "${bin}" ${ARGS.join(" ")} --set trainer_params.max_steps=6`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd, encoding: "utf8" });
    expect(stdout.match(/not saved at step/g)!.length).toBeGreaterThan(2);
    expect(stdout).toContain("the file is larger than the system allows (ulimit -f)");
    expect(stderr).toMatch(/^the run ends at step 6, which is not saved: .*There is no checkpoint yet/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(1);
    expect(steps(runOf(cwd))).toEqual(upTo(6));
    expect(readdirSync(join(runOf(cwd), "checkpoints"))).toEqual([]); // no half ones
  });

  it("may not be written to keeps its last checkpoint", async () => {
    const folder = newFolder();
    await saveCheckpoint(folder, Buffer.from("first"), { step: 1, best: false, keepLast: 0 });
    execFileSync("chmod", ["555", folder]);
    await withoutRoot(root, async () => {
      const second = saveCheckpoint(folder, Buffer.from("second"), { step: 2, best: false, keepLast: 0 });
      await expect(second).rejects.toThrow(/last\.safetensors: can't be written: no permission/);
    });
    expect(readFileSync(join(folder, "last.safetensors"), "utf8")).toBe("first");
  });
});

describe("a run whose folder", () => {
  it("is deleted makes it anew and goes on, with every row of metrics", async () => {
    const cwd = newFolder();
    const { child, said, ended } = startVae(ARGS, { cwd });
    await said("epoch 2/");
    renameSync(runOf(cwd), join(cwd, "gone")); // at once, whatever is being written there
    rmSync(join(cwd, "gone"), { recursive: true });
    await said("version_0 was deleted while training: made anew");
    await said("validation");
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stderr: "" });
    const { step } = last(runOf(cwd)).state;
    expect(steps(runOf(cwd))).toEqual(upTo(step));
    const more = [`trainer_params.max_steps=${step + 1}`].flatMap((set) => ["--set", set]);
    expect(await vae(["run", "--resume", runOf(cwd), "--backend", "wasm", ...more], { cwd })).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(steps(runOf(cwd))).toEqual(upTo(step + 1));
  });

  it("is deleted and taken by another run leaves that one alone", async () => {
    const cwd = newFolder();
    const first = startVae([...ARGS, ...LONG_EPOCH], { cwd });
    await first.said("step 1/");
    first.child.kill("SIGSTOP");
    renameSync(join(cwd, "logs"), join(cwd, "gone"));
    const second = await vae([...ARGS, "--set", "trainer_params.max_steps=1", "--quiet"], { cwd });
    expect(second.code).toBe(0);
    const left = all(runOf(cwd));
    first.child.kill("SIGCONT");
    const { code, stderr } = await first.ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/another process has gone on with this run/)]);
    expect(all(runOf(cwd))).toEqual(left);
  });

  it.runIf(canBeElsewhere && allTests)(
    "another host goes on with, since this one stood still, is left to that",
    async () => {
      const cwd = newFolder();
      const first = startVae([...ARGS, ...LONG_EPOCH], { cwd });
      await first.said("step 1/");
      first.child.kill("SIGUSR1");
      const checkpoint = join(runOf(cwd), "checkpoints/last.safetensors");
      while (!existsSync(checkpoint)) await new Promise((r) => setTimeout(r, 20));
      const auto = [...ARGS, ...LONG_EPOCH, "--resume", "auto"];
      const [command, ...args] = elsewhere([process.execPath, bin, ...auto]);
      const refused = spawnSync(command!, args, { cwd, encoding: "utf8" }); // both live
      expect([refused.status, refused.stderr]).toEqual([
        75,
        expect.stringContaining("is writing to it since"),
      ]);

      first.child.kill("SIGSTOP");
      const end = ["--set", `trainer_params.max_steps=${last(runOf(cwd)).state.step + 3}`];
      const second = spawnSync(command!, [...args, ...end], { cwd, encoding: "utf8" });
      expect([second.status, second.stderr]).toEqual([0, ""]);
      expect(second.stdout).toMatch(
        /note {3}logs\/faults\/version_0: waiting up to 15 s to see whether process/,
      );
      const left = all(runOf(cwd));
      first.child.kill("SIGCONT");
      const { code, stderr } = await first.ended;
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/gone on with this run while this process stood/),
      ]);
      expect(all(runOf(cwd))).toEqual(left);
    },
  );
});
