import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../../src/files/cache_dir.ts";

const VERSION = "2.21.0";

/** A Python with the real tensorboard package, installed once into the user's cache. */
export function tensorboardPython(): string {
  const folder = cacheDir("test-python", `tensorboard-${VERSION}`);
  const python = join(folder, "bin", "python");
  const ready = () => spawnSync(python, ["-c", "import tensorboard"]).status === 0;
  if (existsSync(python) && ready()) return python;
  execFileSync("python3", ["-m", "venv", "--clear", folder], { stdio: "inherit" });
  const install = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    `tensorboard==${VERSION}`,
  ];
  execFileSync(python, install, { stdio: "inherit" });
  return python;
}
