import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { dirname, join, resolve } from "node:path";
import { findLibrary, libraryFolder, readManifest } from "../../backends/tensorflow/library.ts";
import {
  type BackendInfo,
  backendNames,
  type TrainingBackend,
  tensorFlowIsThere,
  unknownBackend,
  useBackend,
} from "../../backends/use_backend.ts";
import { acceleratorPlugin } from "../../backends/xla/plugins/find.ts";
import type { Config } from "../../config/schema.ts";
import { getDataset } from "../../data/registry.ts";
import { UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { ownVersion } from "../../process/own_version.ts";
import { race } from "./race.ts";

/** `--backend` for `auto`, measured anew. */
export const MEASURE = "measure";
/** A run of fewer steps is over before a measurement would have paid. */
const SHORT = 200;
/** So many times as fast must TensorFlow be: it takes more memory and longer to start. */
const CLEARLY = 1.1;

export interface Choosing {
  /** What is to be trained, on one backend: a run's config, or those of an experiment. */
  readonly configs: readonly Config[];
  /** Folder that relative file names in them start from. */
  readonly baseDir: string;
  /** A run that is gone on with; it keeps its backend. */
  readonly trained?: string | undefined;
  /** Takes a sentence for the user. */
  say(text: string): void;
  /** Whether the machine has so much else to do that a measurement is not worth keeping. */
  isBusy?(): boolean;
}

/** Seconds a step, as a file in the cache keeps them. */
interface Kept {
  readonly seconds: Record<TrainingBackend, number>;
  readonly date: string;
}

/**
 * Makes the backend tfjs's own that `--backend` names. `auto`: that of the run that is gone on with; else xla where it has
 * an accelerator; else the faster of
 * wasm and tensorflow for these configs on this machine, as it was once measured, or is now where the run is long
 * enough. `measure`: measured now, whatever was.
 *
 * @throws ConfigError for an unknown name, EngineError where the backend is missing or does not load
 */
export async function backendFor(name: string, choosing: Choosing): Promise<BackendInfo> {
  const names: readonly string[] = [...backendNames, MEASURE];
  if (!names.includes(name)) throw unknownBackend(name, names);
  if (name !== "auto" && name !== MEASURE) return useBackend(name);
  const before = choosing.trained === undefined || name === MEASURE ? undefined : trainedOn(choosing.trained);
  const prefer = before ?? (await faster(name === MEASURE, choosing));
  return useBackend("auto", { say: choosing.say, ...(prefer && { prefer }) });
}

/** The backend that a run was trained on last; undefined where nothing tells it. */
export function trainedOn(runDir: string): BackendInfo["name"] | undefined {
  const newest = readdirSync(runDir)
    .filter((name) => /^environment.*\.json$/.test(name))
    .map((name) => read<{ date?: string; backend?: string }>(join(runDir, name)))
    .filter((about) => about?.backend !== undefined)
    .sort((a, b) => (a!.date ?? "").localeCompare(b!.date ?? ""))
    .at(-1);
  return (["tensorflow", "wasm", "cpu", "xla"] as const).find((name) => name === newest?.backend);
}

/** The one to prefer; undefined where nothing was measured. */
async function faster(anew: boolean, choosing: Choosing): Promise<TrainingBackend | undefined> {
  const { configs, say } = choosing;
  if (hasAccelerator()) {
    if (anew) say("note   backend xla: an accelerator is here, so there is nothing to measure");
    return undefined;
  }
  if (!tensorFlowIsThere()) {
    if (anew) say("note   backend wasm: TensorFlow's library is not set up, so there is nothing to measure");
    return "wasm";
  }
  // What wasm has not.
  if (hasGpu() || configs.some((c) => c.trainer_params.precision === "bfloat16")) return "tensorflow";
  const total = { wasm: 0, tensorflow: 0 };
  let when = "";
  for (const config of configs) {
    const kept = anew ? undefined : read<Kept>(fileOf(config));
    if (kept === undefined && !anew && stepsAtMost(config) < SHORT) return undefined;
    if (kept === undefined && isMissing(config.data_params.data_path, choosing.baseDir)) return undefined; // as the run says
    const found = kept ?? (await measured(config, choosing));
    if (typeof found !== "object") return found;
    if (kept !== undefined) when = `, as measured on ${kept.date.slice(0, 10)}`;
    const { train_batch_size: images } = config.data_params;
    for (const backend of ["wasm", "tensorflow"] as const) total[backend] += found.seconds[backend] / images;
  }
  const chosen = total.tensorflow * CLEARLY < total.wasm ? "tensorflow" : "wasm";
  const rate = (backend: TrainingBackend) => {
    const images = configs.length / total[backend];
    return `${backend} ${images < 100 ? images.toPrecision(3) : images.toFixed(0)} images/s`;
  };
  say(`note   backend ${chosen}: ${rate("wasm")}, ${rate("tensorflow")}${when} (--backend ${MEASURE}: anew)`);
  return chosen;
}

const isMissing = (path: string | undefined, baseDir: string): boolean =>
  path !== undefined && !existsSync(resolve(baseDir, path));

/** A config's seconds a step, which are kept, or the one backend that could be measured; undefined: none, nor can it train. */
async function measured(
  config: Config,
  { baseDir, say, isBusy = busy }: Choosing,
): Promise<Kept | TrainingBackend | undefined> {
  say("note   backend: measuring whether wasm or tensorflow is faster here (--backend NAME spares it)");
  const disturbed = isBusy();
  const { wasm, tensorflow } = await race(config, baseDir);
  const left = (backend: TrainingBackend, { problem }: { problem: string }) => {
    say(`note   backend ${backend} could not be measured and is left out: ${problem}`);
    return backend === "wasm" ? ("tensorflow" as const) : ("wasm" as const);
  };
  // What both say is no backend's fault but the config's or its data's, and the run says it.
  if (typeof wasm !== "number" && typeof tensorflow !== "number" && wasm.problem === tensorflow.problem)
    return;
  if (typeof wasm !== "number") return left("wasm", wasm);
  if (typeof tensorflow !== "number") return left("tensorflow", tensorflow);
  const kept = { seconds: { wasm, tensorflow }, date: new Date().toISOString() };
  if (disturbed) say("note   backend: the machine is busy, so the next run measures again");
  else await keep(fileOf(config), kept);
  return kept;
}

/** Whether more wants to run than there are cores. */
const busy = (): boolean => os.loadavg()[0]! > os.availableParallelism();

/** Steps of a run, as far as its config tells: of most data sets it doesn't say how many images they have. */
function stepsAtMost({ trainer_params: trainer, data_params: data }: Config): number {
  const { max_steps = Infinity, max_epochs = Infinity, limit_train_batches = Infinity } = trainer;
  const images = Math.min(
    data.train_limit ?? Infinity,
    getDataset(data.name)?.trainImages?.(data) ?? Infinity,
  );
  const epoch = Math.min(limit_train_batches, Math.ceil(images / data.train_batch_size));
  return Math.min(max_steps, max_epochs * epoch);
}

/** Whether xla would compute on an accelerator; a variable that is wrong is told where it is used. */
function hasAccelerator(): boolean {
  try {
    return acceleratorPlugin() !== undefined;
  } catch {
    return true;
  }
}

/** Whether the library that is taken is the one with CUDA, and NVIDIA's driver is loaded. */
const hasGpu = (): boolean =>
  existsSync("/proc/driver/nvidia/version") &&
  dirname(findLibrary()?.file ?? "") === readManifest(libraryFolder(true))?.folder;

/** Where the measurement of a config on this machine is kept: by all that a step's duration depends on. */
function fileOf(config: Config): string {
  const { model_params, data_params: data, exp_params: exp, trainer_params: trainer } = config;
  const { name, train_batch_size, patch_size, image_range, feature_cache, horizontal_flip } = data;
  const state = {
    model_params,
    data: { name, train_batch_size, patch_size, image_range, feature_cache, horizontal_flip },
    optimizers: [exp.optimizer, exp.optimizers],
    trainer: [trainer.compile, trainer.precision, trainer.gradient_clip_val],
    machine: [os.cpus()[0]?.model, os.availableParallelism(), process.arch],
    versions: [ownVersion(), process.versions.node, findLibrary()?.file],
    environment: Object.entries({ TF_ENABLE_ONEDNN_OPTS: "1", ...process.env }) // as it is set where it isn't
      .filter(([key]) => /^(TFJS_VAE_(THREADS|WIDE_SIMD|RELAXED_SIMD)|ONEDNN_|TF_|OMP_)/.test(key))
      .sort(),
  };
  const hash = createHash("sha256").update(JSON.stringify(state)).digest("hex").slice(0, 20);
  return cacheDir("speed", `${hash}.json`);
}

function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** In a cache that can't be written nothing is kept: the next run measures again. */
async function keep(file: string, kept: Kept): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true });
    await writeAtomic(file, `${JSON.stringify(kept)}\n`);
  } catch (error) {
    if (!(error instanceof UserError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
