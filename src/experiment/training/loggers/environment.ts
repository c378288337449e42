import { execFileSync } from "node:child_process";
import os from "node:os";
import type { BackendInfo } from "../../../backends/use_backend.ts";
import { ownVersion } from "../../../process/own_version.ts";
import { tf } from "../../../tf.ts";
import type { RunParts } from "./run_log_args.ts";

/** What a reader must know to repeat a run or to compare its speed: `environment.json`. */
export function environment(
  { dataset, train, val, vae }: RunParts,
  backend: BackendInfo,
): Record<string, unknown> {
  const cpus = os.cpus();
  return {
    date: new Date().toISOString(),
    command: process.argv.slice(2),
    folder: process.cwd(),
    git: gitCommit(),
    versions: {
      "tfjs-vae": ownVersion(),
      node: process.versions.node,
      tfjs: tf.version_core,
      ...(backend.library !== "tfjs" && { [backend.name]: backend.version }),
    },
    backend: backend.name,
    device: backend.device,
    machine: {
      system: `${os.type()} ${os.release()} ${os.arch()}`,
      cpu: cpus[0]?.model,
      cores: os.availableParallelism(),
      memory_bytes: os.totalmem(),
    },
    data: {
      name: dataset.name,
      image_shape: dataset.imageShape,
      train_images: train.size,
      val_images: val.size,
      splits: dataset.splitNote,
      skipped: dataset.skipped,
      ...(dataset.notes && { notes: dataset.notes }),
    },
    parameters: parameterCount(vae),
  };
}

/** Trained numbers of a model; running statistics don't count. */
export function parameterCount({ params }: RunParts["vae"]): number {
  return [...params.values()].filter((p) => p.trainable).reduce((sum, p) => sum + p.value.size, 0);
}

/** Commit of the folder that the command was typed in, with "+" where files differ from it; null: none. */
function gitCommit(): string | null {
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5000,
    }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return git("rev-parse", "HEAD") + (changed ? "+" : "");
  } catch {
    return null;
  }
}
