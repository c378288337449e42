import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../../src/files/cache_dir.ts";

/** The python3 of an environment with a pip that tells where a wheel is, installed once into the user's cache. */
export const pipPython = (): string => environment("26.3");

/** One whose pip downloads a wheel to tell. */
export const oldPipPython = (): string => environment("24.0");

function environment(version: string): string {
  const folder = cacheDir("test-python", `pip-${version}`);
  const python = join(folder, "bin", "python3");
  const has = () => execFileSync(python, ["-m", "pip", "--version"], { encoding: "utf8" });
  if (existsSync(python) && has().startsWith(`pip ${version} `)) return python;
  execFileSync("python3", ["-m", "venv", "--clear", folder], { stdio: "inherit" });
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `pip==${version}`];
  execFileSync(python, install, { stdio: "inherit" });
  return python;
}
