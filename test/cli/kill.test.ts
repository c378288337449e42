import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newestRun } from "../../src/experiment/runs/find_runs.ts";
import { Rng } from "../../src/rng.ts";
import { allTests } from "../support/all_tests.ts";
import { trainingBackends } from "../support/backends.ts";
import { startVae, vae } from "../support/cli.ts";
import { figures } from "../support/metrics.ts";
import { tensorboardPython } from "../support/tensorboard.ts";

/** Rows of several steps, checkpoints between them, validations: what a stop may tear apart. */
const CONFIG = `
model_params: {name: DFCVAE, latent_dim: 4, hidden_dims: [4, 8, 8], feature_layers: [relu1_1, relu2_1]}
data_params:
  {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 8, val_batch_size: 16, val_limit: 16, feature_cache: memory}
exp_params: {scheduler: cosine, loss_weights: {kl: {value: 0.001, warmup_steps: 40}}}
trainer_params: {max_steps: 75, log_every_n_steps: 5, checkpoint: {every_n_steps: 3, keep_last: 2}}
logging_params: {image_count: 4, name: kill, fitted_samples: true}
`;
/** Of each backend; KILLS=20 and more for a longer test. */
const KILLS = Number(process.env.KILLS ?? 10);
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-kill-"));
const reader = fileURLToPath(new URL("../loggers/read_events.py", import.meta.url));
let python: string;
beforeAll(() => {
  python = tensorboardPython();
  writeFileSync(join(root, "kill.yaml"), CONFIG);
}, 300_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** All that a run leaves and that does not tell of time. */
function remains(run: string) {
  const all = (folder: string) =>
    Object.fromEntries(
      readdirSync(join(run, folder)).map((name) => [
        name,
        createHash("sha256")
          .update(readFileSync(join(run, folder, name)))
          .digest("hex"),
      ]),
    );
  const text = execFileSync(python, [reader, run], { encoding: "utf8", stdio: "pipe", maxBuffer: 2 ** 28 });
  const { scalars, images } = JSON.parse(text) as { scalars: object; images: object };
  const timeless = Object.entries(scalars).filter(([tag]) => !/images_per_second|data_wait_share/.test(tag));
  return {
    checkpoints: all("checkpoints"),
    samples: all("Samples"),
    fittedSamples: all("FittedSamples"),
    reconstructions: all("Reconstructions"),
    traversals: all("Traversals"),
    projector: all("projector"),
    metrics: figures(readFileSync(join(run, "metrics.csv"), "utf8")),
    scalars: Object.fromEntries(timeless),
    images,
  };
}

/** Resumes a run until it ends, killed `KILLS` times at moments that nobody chose; returns how often it was hit. */
async function trainThroughKills(
  args: readonly string[],
  cwd: string,
  window: number,
  rng: Rng,
): Promise<number> {
  let hit = 0;
  for (let i = 0; i < KILLS; i++) {
    const [moment, kind] = rng.fold(i).uniformArray(2) as unknown as [number, number];
    const { child, said, ended } = startVae(args, { cwd });
    if (kind > 0.15) await said("steps, "); // else anywhere in the start, too
    const timer = setTimeout(() => child.kill("SIGKILL"), moment * (kind > 0.15 ? window : 1500));
    const { code, stderr } = await ended;
    clearTimeout(timer);
    expect(stderr).toBe("");
    if (code === null) hit++;
  }
  const { code, stdout, stderr } = await vae(args, { cwd });
  expect([code, stderr], stdout).toEqual([0, ""]);
  return hit;
}

it("killed between a validation and the checkpoint after it, a run has that validation once", async () => {
  const args = ["run", "--config", join(root, "kill.yaml"), "--backend", "wasm", "--resume", "auto"];
  const cwd = mkdtempSync(join(root, "between-"));
  const run = join(cwd, "logs/kill/version_0");
  expect((await vae(args, { cwd })).code).toBe(0);
  const whole = remains(run);
  // what is there at that moment: all of the validation but its checkpoint
  renameSync(join(run, "checkpoints/previous.safetensors"), join(run, "checkpoints/last.safetensors"));
  const { code, stdout, stderr } = await vae(args, { cwd });
  expect([code, stderr], stdout).toEqual([0, ""]);
  const { checkpoints, ...again } = remains(run);
  expect({ ...again, checkpoints: checkpoints["last.safetensors"] }).toEqual({
    ...whole,
    checkpoints: whole.checkpoints["last.safetensors"],
  });
}, 120_000);

describe.runIf(allTests)(`killed ${KILLS} times at random (KILL_SEED=${SEED})`, () => {
  it.concurrent.each(trainingBackends)(
    "a run on %s leaves what one that was never stopped leaves, to the bit",
    async (backend) => {
      const args = ["run", "--config", join(root, "kill.yaml"), "--backend", backend, "--resume", "auto"];
      const cwd = (what: string) => mkdtempSync(join(root, `${backend}-${what}-`));
      const [whole, broken] = [cwd("whole"), cwd("broken")];
      const { said, ended } = startVae(args, { cwd: whole });
      await said("steps, ");
      const began = Date.now();
      expect((await ended).code).toBe(0);
      const window = (1.2 * (Date.now() - began)) / KILLS;
      const hit = await trainThroughKills(args, broken, window, Rng.fromSeed(SEED).fold(backend));
      expect(hit).toBeGreaterThan(0); // a quick machine may end early
      const [a, b] = [whole, broken].map((folder) => remains(newestRun(join(folder, "logs"), "kill")!));
      expect(b!.metrics).toEqual(a!.metrics);
      expect(b!.scalars).toEqual(a!.scalars);
      expect(b).toEqual(a);
    },
    600_000,
  );
});
