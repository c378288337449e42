import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../../errors.ts";
import { isFolder } from "../../files/is_folder.ts";
import { shellWord } from "../../text/shell.ts";
import { runsNear } from "../runs/find_runs.ts";
import { BEST, isRun, LAST, runFiles, runOfCheckpoint } from "../runs/run_files.ts";

/** Which run and which of its checkpoints `path` and `--checkpoint` mean. */
export function findCheckpoint(
  path: string,
  wanted: string | undefined,
): { runDir: string; checkpoint: string } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new ConfigError(
      `"${path}": expected the folder of a run, such as logs/DFCVAE/version_0, or one of its checkpoints, got ` +
        `nothing there. ${runsNear(path)}`,
    );
  }
  if (!found.isDirectory()) {
    if (wanted !== undefined) {
      throw new ConfigError(
        `--checkpoint: expected the folder of a run before it, got the checkpoint "${path}". Leave one of them out.`,
      );
    }
    return { runDir: runOf(path), checkpoint: path };
  }
  if (!isRun(path)) {
    throw new ConfigError(
      `"${path}": expected the folder of a run, with config.yaml and checkpoints, got a folder without them. ` +
        runsNear(path),
    );
  }
  const { checkpoints } = runFiles(path);
  const own = (name: string) => join(checkpoints, name);
  const there = readdirSync(checkpoints)
    .filter((f) => f.endsWith(".safetensors"))
    .sort();
  if (there.length === 0) {
    throw new CheckpointError(
      `"${path}": expected a checkpoint in its folder checkpoints, got none: the run was stopped before its ` +
        `first. Go on with it: vae run --resume ${shellWord(path)}`,
    );
  }
  if (wanted === undefined) {
    return {
      runDir: path,
      checkpoint: own(there.includes(BEST) ? BEST : there.includes(LAST) ? LAST : there.at(-1)!),
    };
  }
  const named = { best: own(BEST), last: own(LAST) }[wanted] ?? (existsSync(wanted) ? wanted : own(wanted));
  if (existsSync(named) && !isFolder(named)) return { runDir: path, checkpoint: named };
  throw new ConfigError(
    `--checkpoint: expected last, best or a file, got "${wanted}". Checkpoints of ${path}: ${there.join(", ")}.`,
  );
}

/** The run that a checkpoint lies in. */
function runOf(file: string): string {
  const runDir = runOfCheckpoint(file);
  if (runDir !== undefined) return runDir;
  if (/\.(pt|pth|ckpt)$/.test(file)) {
    throw new ConfigError(
      `"${file}": expected a run or one of its checkpoints, got a file of PyTorch's. Make a run of it: vae import ` +
        `${file} --config FILE --out RUN`,
    );
  }
  throw new ConfigError(
    `"${file}": expected a checkpoint in the folder checkpoints of a run, beside whose config.yaml it stands, got ` +
      "a file elsewhere. Name the run and the file: vae … RUN --checkpoint FILE",
  );
}
