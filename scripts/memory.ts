/**
 * Trains a small DFCVAE by the runner for 2,000 steps or a number of minutes, with validation, pictures and
 * checkpoints all the while, and fails where it grows: a tensor or an open file more, or resident memory that in the
 * second half rises by more than 5 %. Speed is shown, for who runs it alone on a machine.
 *   npm run soak [-- --backend wasm] [-- --steps 400] [-- --minutes 60]
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cacheDir, createRun, loadConfig, prepare, trainPrepared, useBackend } from "../src/index.ts";
import { tf } from "../src/tf.ts";

const SHARE = 0.05;
const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "tensorflow" },
    steps: { type: "string", default: "2000" },
    minutes: { type: "string" },
  },
});
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
const steps = minutes === undefined ? Number(values.steps) : 1e9;
const every = minutes === undefined ? Math.max(1, Math.round(steps / 10)) : 200; // steps an epoch
/** Seconds between samples of a run by time. */
const SAMPLE_EVERY = 60;
const began = performance.now();
const seconds = () => (performance.now() - began) / 1000;

interface Sample {
  readonly step: number;
  /** Since the start. */
  readonly seconds: number;
  /** tfjs's count. */
  readonly tensors: number;
  /** The native library's count; 0 on other backends. */
  readonly native: number;
  /** Resident bytes. */
  readonly rss: number;
  /** Open files and sockets; 0 where the system does not list them. */
  readonly files: number;
}

const samples: Sample[] = [];
const HEADER = ["minute", "step", "tensors", "native tensors", "open files", "resident MB", "steps/s"];
console.log(HEADER.join("  "));

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length - 1; // one is the list's own
  } catch {
    return 0;
  }
}

/** Whether a sample is due at the start of an epoch. */
function due(): boolean {
  return minutes === undefined || seconds() - (samples.at(-1)?.seconds ?? 0) >= SAMPLE_EVERY;
}

function sample(step: number): void {
  const { binding } = tf.backend() as { binding?: { getNumOfTensors(): number } };
  const now: Sample = {
    step,
    seconds: seconds(),
    tensors: tf.memory().numTensors,
    native: binding?.getNumOfTensors() ?? 0,
    rss: process.memoryUsage.rss(),
    files: openFiles(),
  };
  const before = samples.at(-1);
  const speed = before && (now.step - before.step) / (now.seconds - before.seconds);
  samples.push(now);
  const columns = [
    (now.seconds / 60).toFixed(1),
    step,
    now.tensors,
    now.native,
    now.files,
    (now.rss / 1e6).toFixed(0),
    speed?.toFixed(1) ?? "",
  ];
  console.log(columns.map((value, i) => String(value).padStart(HEADER[i]!.length)).join("  "));
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
      `trainer_params={max_epochs: 10000000, max_steps: ${steps}, limit_train_batches: ${every}, checkpoint: {keep_last: 2}}`,
      `logging_params={save_dir: ${JSON.stringify(folder)}, image_count: 16}`,
    ],
  });
  const backend = await useBackend(values.backend);
  const prepared = await prepare({ config, baseDir, cacheDir: cacheDir("data") });
  const { train: loader } = prepared;
  const batches = loader.batches.bind(loader);
  let ending = false;
  loader.batches = async function* (epoch, ...from) {
    if (epoch > 0 && due()) sample(epoch * every); // no step is running: all that one made is to be gone
    for await (const batch of batches(epoch, ...from)) {
      if (!ending && minutes !== undefined && seconds() > 60 * minutes) {
        ending = true; // a second signal would leave at once
        process.kill(process.pid, "SIGTERM"); // saves and ends
      }
      yield batch;
    }
  };
  const run = createRun(folder, "memory");
  const { state } = await trainPrepared({
    config,
    baseDir,
    prepared,
    folder: run,
    backend,
    resume: false,
    quiet: true,
  });
  sample(state.step);
  run.release();
  await prepared.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const problems: string[] = [];
const first = samples[0]!;
for (const kind of ["tensors", "native", "files"] as const) {
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
    : `flat over ${(seconds() / 60).toFixed(0)} minutes: resident memory ${growth < 0 ? "fell" : "rose"} by ${Math.abs(100 * growth).toFixed(1)} % in the second half`,
);
if (problems.length > 0) process.exitCode = 1;
