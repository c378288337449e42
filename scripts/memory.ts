/**
 * Trains 2,000 steps by the runner, with validation, pictures and checkpoints every 200, and fails where memory
 * grows: a tensor more, or resident memory that in the second half rises by more than 5 %.
 *   npm run soak [-- --backend cpu] [-- --steps 400]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cacheDir, createRun, loadConfig, prepare, train, useBackend } from "../src/index.ts";
import { tf } from "../src/tf.ts";

const SHARE = 0.05;
const { values } = parseArgs({
  options: { backend: { type: "string", default: "tensorflow" }, steps: { type: "string", default: "2000" } },
});
const steps = Number(values.steps);
const every = Math.max(1, Math.round(steps / 10));

interface Sample {
  readonly step: number;
  /** tfjs's count. */
  readonly tensors: number;
  /** The native library's count; 0 on other backends. */
  readonly native: number;
  /** Resident bytes. */
  readonly rss: number;
}

const samples: Sample[] = [];
console.log("step  tensors  native tensors  resident MB");

function sample(step: number): void {
  const { binding } = tf.backend() as { binding?: { getNumOfTensors(): number } };
  const now: Sample = {
    step,
    tensors: tf.memory().numTensors,
    native: binding?.getNumOfTensors() ?? 0,
    rss: process.memoryUsage.rss(),
  };
  samples.push(now);
  const columns = [
    String(step).padStart(4),
    String(now.tensors).padStart(7),
    String(now.native).padStart(14),
  ];
  console.log(`${columns.join("  ")}  ${(now.rss / 1e6).toFixed(0).padStart(11)}`);
}

const folder = mkdtempSync(join(tmpdir(), "tfjs-vae-memory-"));
try {
  const { config, baseDir } = await loadConfig("configs/dfcvae.yaml", {
    set: [
      "model_params.hidden_dims=[16,32,64]",
      "data_params.size=3200",
      "data_params.patch_size=32",
      "data_params.train_batch_size=16",
      "data_params.val_limit=128",
      `trainer_params={max_epochs: 1000, max_steps: ${steps}, limit_train_batches: ${every}, checkpoint: {keep_last: 2}}`,
      `logging_params={save_dir: ${JSON.stringify(folder)}, image_count: 16}`,
    ],
  });
  const backend = await useBackend(values.backend);
  const prepared = await prepare({ config, baseDir, cacheDir: cacheDir("data") });
  let step = 0;
  const { train: loader } = prepared;
  const batches = loader.batches.bind(loader);
  loader.batches = async function* (...place) {
    for await (const batch of batches(...place)) {
      if (step > 0 && step % every === 0) sample(step); // between steps: all that a step made is to be gone
      step++;
      yield batch;
    }
  };
  const run = createRun(folder, "memory");
  await train({ config, baseDir, prepared, folder: run, backend, resume: false, quiet: true });
  sample(step);
  run.release();
  await prepared.dataset.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const problems: string[] = [];
const first = samples[0]!;
for (const kind of ["tensors", "native"] as const) {
  const worst = Math.max(...samples.map((s) => s[kind]));
  if (worst > first[kind]) problems.push(`${kind}: ${first[kind]} at step ${first.step}, later ${worst}`);
}
const half = samples.slice(Math.floor(samples.length / 2));
const growth = half.at(-1)!.rss / half[0]!.rss - 1;
if (growth > SHARE)
  problems.push(`resident memory rose by ${(100 * growth).toFixed(1)} % in the second half`);
console.log(
  problems.length > 0
    ? `memory grows: ${problems.join("; ")}`
    : `flat: resident memory ${growth < 0 ? "fell" : "rose"} by ${Math.abs(100 * growth).toFixed(1)} % in the second half`,
);
if (problems.length > 0) process.exitCode = 1;
