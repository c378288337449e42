import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../backends/tensorflow/library.ts";
import { EngineError } from "../errors.ts";
import type { Platform } from "./platform.ts";
import { checkVersion } from "./wheel.ts";

/** Finds the package without importing it, which would take seconds and memory. */
const FIND = `
import importlib.metadata, importlib.util, json, os, sys
spec = importlib.util.find_spec("tensorflow")
version = None
for name in ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly"):
    try:
        version = importlib.metadata.version(name)
        break
    except importlib.metadata.PackageNotFoundError:
        pass
folder = os.path.dirname(spec.origin) if spec and spec.origin else None
print(json.dumps({"python": sys.executable, "folder": folder, "version": version}))
`;

/**
 * A manifest of the TensorFlow that a Python has installed, used where it lies.
 *
 * @throws EngineError where there is no such Python, or no TensorFlow of 2.16 or later in it
 */
export function installedInPython(executable: string, { files }: Platform): Manifest {
  const { error, status, stdout, stderr } = spawnSync(executable, ["-c", FIND], { encoding: "utf8" });
  if (error !== undefined)
    throw new EngineError(
      `--python ${executable}: does not start: ${error.message}. Name a Python's executable.`,
      { cause: error },
    );
  const found = parse(stdout);
  if (status !== 0 || found === undefined)
    throw new EngineError(
      `--python ${executable}: expected a Python of 3.8 or later; it failed: ${stderr.trim().split("\n").at(-1)}`,
    );
  const { python, folder, version } = found;
  if (folder === null || version === null)
    throw new EngineError(
      `--python ${executable}: ${python} has no TensorFlow installed. Name the Python that has one (a virtual environment's bin/python), or type: vae setup tensorflow`,
    );
  checkVersion(version, `--python ${executable}`);
  const sizes: Record<string, number> = {};
  for (const name of files) {
    const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
    if (size === undefined)
      throw new EngineError(
        `--python ${executable}: TensorFlow ${version} in ${folder} has no ${name}: install it from a wheel (pip), or type: vae setup tensorflow`,
      );
    sizes[name] = size;
  }
  return { folder, from: python, version, files: sizes };
}

interface Found {
  readonly python: string;
  readonly folder: string | null;
  readonly version: string | null;
}

function parse(text: string): Found | undefined {
  try {
    return JSON.parse(text) as Found;
  } catch {
    return undefined;
  }
}
