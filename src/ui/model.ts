import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { runFiles } from "../experiment/runs/run_files.ts";
import { findCheckpoint } from "../experiment/trained/find_checkpoint.ts";
import { cacheDir } from "../files/cache_dir.ts";
import { removeAbandoned } from "../files/temporary.ts";
import { FORMAT } from "../publish/packed_model.ts";
import { type Answer, Refusal } from "./answer.ts";
import type { RunEntry } from "./run_entry.ts";

const VAE = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));

/** Packed models are kept so long. */
const WEEK_MS = 7 * 24 * 3600e3;

/** Being packed now, by their files. */
const packing = new Map<string, Promise<void>>();

/**
 * A run's model as `vae publish` packs it: by a process of its own, once for each state of the checkpoint, since it
 * takes seconds and all cores.
 *
 * @throws Refusal where the run has no checkpoint yet, or can't be packed
 */
export async function modelOf({ path, plugins }: RunEntry): Promise<Answer> {
  if ((await plugins).length > 0)
    throw new Refusal(
      409,
      "The run has plugins, whose code this page does not run: expected a variant of the project.",
    );
  const file = await packedFile(path);
  if (!(await isThere(file))) {
    if (!packing.has(file))
      packing.set(
        file,
        pack(path, file).finally(() => packing.delete(file)),
      );
    await packing.get(file);
  }
  return { status: 200, type: "application/octet-stream", body: await readFile(file) };
}

/** Where the model as it is now is kept, with the samplers that are fitted to it. */
async function packedFile(run: string): Promise<string> {
  const states = [checkpointOf(run), ...(await samplersOf(run))].map(async (path) => {
    const { mtimeMs, size } = await stat(path);
    return [path, mtimeMs, size];
  });
  const name = createHash("sha256")
    .update(JSON.stringify([FORMAT, run, await Promise.all(states)]))
    .digest("hex");
  return join(cacheDir("ui"), `${name.slice(0, 32)}.safetensors`);
}

function checkpointOf(run: string): string {
  try {
    return findCheckpoint(run, undefined).checkpoint;
  } catch (error) {
    if (error instanceof UserError) throw new Refusal(409, error.message);
    throw error;
  }
}

/** Files of the samplers that were fitted to a run. */
async function samplersOf(run: string): Promise<string[]> {
  const { samplers } = runFiles(run);
  const names = await readdir(samplers).catch(() => []); // without the folder there are none
  return names.sort().map((name) => join(samplers, name));
}

async function pack(run: string, file: string): Promise<void> {
  await mkdir(cacheDir("ui"), { recursive: true });
  await removeAbandoned(cacheDir("ui"), () => true, WEEK_MS);
  const command = [VAE, "publish", run, "--out", file, "--backend", "wasm", "--force"];
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, command, (error, _, said) => {
      if (error === null) resolve();
      else reject(new Refusal(409, said.trim() || error.message));
    });
  });
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
