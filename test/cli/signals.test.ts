import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import { some } from "../support/all_tests.ts";
import { type Started, startVae, vae } from "../support/cli.ts";

const bin = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));
const onTerminal = fileURLToPath(new URL("../support/on_terminal.py", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-signals-"));
/** Nothing is saved before the end of its only epoch but what a signal asks for. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_limit: 16}
trainer_params: {max_epochs: 100000, limit_train_batches: 6000, log_every_n_steps: 1}
logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0, name: signals}
`;
const config = join(root, "signals.yaml");
beforeAll(async () => {
  writeFileSync(config, CONFIG);
  await vae(["schema"]); // bundled, so that the first signal doesn't come before the command
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ARGS = ["run", "--config", config, "--backend", "wasm"];
/** An epoch of 6,000 steps over as few images as that takes: they are packed first. */
const LONG = ["--set", "data_params.size=24000", "--set", "data_params.train_batch_size=4"];
const short = (steps: number) => ["--set", `trainer_params.max_steps=${steps}`];
const newFolder = () => mkdtempSync(join(root, "cwd-"));
const checkpointOf = (cwd: string) => join(cwd, "logs/signals/version_0/checkpoints/last.safetensors");
const saved = (cwd: string) => readCheckpoint(checkpointOf(cwd)).state.step;

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !what(); i++) await pause(20);
  expect(what()).toBe(true);
}

/** What a shell says and ends with; it has the command as "$@". */
async function shell(script: string, args: readonly string[], cwd: string) {
  const all = ["-c", script, "bash", process.execPath, bin, ...args];
  return promisify(execFile)("bash", all, { cwd, encoding: "utf8" }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

describe("a signal", () => {
  const endless = async (): Promise<Started & { cwd: string }> => {
    const cwd = newFolder();
    const started = startVae([...ARGS, ...LONG], { cwd });
    await started.said("step 1/");
    return { ...started, cwd };
  };

  it.each(some(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU"] as const, 2))(
    "%s saves and leaves with its code, also where it comes twice at once",
    async (name) => {
      const { child, ended, cwd } = await endless();
      child.kill(name);
      await pause(100);
      child.kill(name); // as npx, timeout and shells pass it on
      const { code, stdout, stderr } = await ended;
      expect([code, stderr]).toEqual([128 + constants.signals[name], ""]);
      expect(stdout).toContain(`${name}: saving after this step`);
      expect(stdout).toContain(`stopped at step ${saved(cwd)}, saved`);
    },
  );

  it("that comes again a second later ends a long step at once, with its code", async () => {
    const text = `import { Interrupt } from "${new URL("../../src/experiment/training/interrupt.ts", import.meta.url)}";
      new Interrupt(console.log); setInterval(() => {}, 1000); console.log("ready")`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", text]);
    const ended = new Promise((resolve) => child.on("exit", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGINT");
    await pause(1200);
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
  });

  it.each(some(["SIGUSR1", "SIGUSR2"] as const, 1))(
    "%s saves and goes on, and starts no debugger",
    async (name) => {
      const { child, said, ended, cwd } = await endless();
      expect(existsSync(checkpointOf(cwd))).toBe(false);
      child.kill(name);
      await said(`${name}: saving after this step; training goes on`);
      await until(() => existsSync(checkpointOf(cwd)));
      const step = saved(cwd);
      child.kill("SIGTERM");
      const { code, stderr } = await ended;
      expect([code, stderr]).toEqual([143, ""]); // "Debugger listening on" would be there
      expect(saved(cwd)).toBeGreaterThanOrEqual(step);
    },
  );

  it.each([
    ["nohup", 'nohup "$@" > log 2>&1 &'],
    ["a script that nohup started", `echo '"$@"; true' > script; nohup bash script "$@" > log 2>&1 &`],
    ["a script that ignores it", `trap '' HUP; "$@" > log 2>&1 &`],
  ])("SIGHUP is ignored under %s", async (_, script) => {
    const cwd = newFolder();
    // The process's own number, whoever its parent is.
    const find =
      'until p=$(head -1 logs/signals/version_0/run.lock 2>/dev/null); do sleep 0.1; done; echo "$p"; wait';
    const { stdout } = await shell(
      `${script} ${find.replace("; wait", "")}; until grep -q "step 1/" log; do sleep 0.1; done`,
      [...ARGS, ...LONG],
      cwd,
    );
    const { pid } = JSON.parse(stdout) as { pid: number };
    const log = () => readFileSync(join(cwd, "log"), "utf8");
    process.kill(pid, "SIGHUP");
    process.kill(pid, "SIGUSR1");
    await until(() => log().includes("SIGUSR1: saving after this step; training goes on"));
    await until(() => existsSync(checkpointOf(cwd)));
    process.kill(pid, "SIGTERM");
    await until(() => log().includes("saved. To go on"));
    expect(log()).not.toContain("SIGHUP");
  });
});

describe("packing that is", () => {
  const pack = (cache: string, ...more: string[]) =>
    startVae([...ARGS, ...LONG, ...more], { cwd: newFolder(), env: { TFJS_VAE_CACHE: cache } });
  const left = (cache: string) => readdirSync(join(cache, "data"));

  it.each(some(["SIGINT", "SIGTERM", "SIGHUP"] as const, 1))("stopped by %s leaves nothing", async (name) => {
    const cache = newFolder();
    const { child, said, ended } = pack(cache);
    await said("packing");
    expect(left(cache)).toHaveLength(1);
    child.kill(name);
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([128 + constants.signals[name], ""]);
    expect(left(cache)).toEqual([]);
  });

  it("killed is cleaned up after by the next", async () => {
    const cache = newFolder();
    const { child, said, ended } = pack(cache);
    await said("packing");
    child.kill("SIGKILL");
    await ended;
    expect(left(cache)).toHaveLength(1);
    const other = ["data_params.size=64", "data_params.train_limit=32", "trainer_params.max_steps=1"];
    const next = pack(cache, ...other.flatMap((value) => ["--set", value]));
    expect((await next.ended).code).toBe(0);
    expect(left(cache)).toEqual([expect.stringMatching(/\.packed$/)]);
  });
});

describe("where nobody reads any more what it says", () => {
  it.each([
    ["standard output", '"$@" | head -2'],
    ["both", '"$@" 2>&1 | head -2'],
    ["standard error, of a command that says all there", '"$@" 2> >(head -0) | head -1'],
  ])("a run goes on without %s", async (_, script) => {
    const cwd = newFolder();
    const { code, stderr } = await shell(`set -o pipefail; ${script}`, [...ARGS, ...short(9)], cwd);
    expect([code, stderr]).toEqual([0, ""]);
    expect(saved(cwd)).toBe(9);
  });

  it("a run goes on when its terminal is gone, with nohup, and saves without", async () => {
    const run = (cwd: string, how: string) =>
      promisify(execFile)("python3", [onTerminal, how, process.execPath, bin, ...ARGS, ...LONG], { cwd });
    const [ignoring, told] = [newFolder(), newFolder()];
    const { stdout } = await run(ignoring, "nohup");
    const pid = Number(stdout);
    await pause(500); // its lines fail meanwhile
    process.kill(pid, "SIGUSR1");
    await until(() => existsSync(checkpointOf(ignoring)));
    process.kill(pid, "SIGKILL");
    await run(told, "plain");
    await until(() => existsSync(checkpointOf(told)));
  });

  it("a command that prints ends quietly", async () => {
    const { code, stdout, stderr } = await shell('set -o pipefail; "$@" | head -1', ["schema"], root);
    expect([code, stdout, stderr]).toEqual([0, "{\n", ""]);
  });

  it("an experiment goes on", async () => {
    const cwd = newFolder();
    const text = `
name: lost
seeds: [1]
steps: 2
shared:
  model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8]}
  data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 8, val_batch_size: 16, val_limit: 16}
  logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0}
runs: {one: {}}
evaluation: {metrics: [psnr], max_images: 16}
`;
    writeFileSync(join(cwd, "x.yaml"), text);
    const script = 'set -o pipefail; "$@" 2>&1 | head -1';
    const { code } = await shell(script, ["experiment", "x.yaml", "--backend", "wasm"], cwd);
    expect(code).toBe(0);
    expect(existsSync(join(cwd, "logs/experiments/lost/table.md"))).toBe(true);
  });

  it.skipIf(!existsSync("/dev/full"))(
    "a full disk under its output is said, and no end of a run",
    async () => {
      const cwd = newFolder();
      const { code, stderr } = await shell('"$@" > /dev/full', [...ARGS, ...short(3)], cwd);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          /^standard output: can't be written: the disk is full: make room \(ENOSPC.*\n$/,
        ),
      ]);
      expect(saved(cwd)).toBe(3);
      const printed = await shell('"$@" > /dev/full', ["schema"], cwd);
      expect([printed.code, printed.stderr]).toEqual([1, stderr]);
    },
  );
});
