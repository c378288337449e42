import { execFileSync } from "node:child_process";
import { pythonWith } from "./python_environment.ts";

/** The python3 of an environment with a pip that tells where a wheel is. */
export const pipPython = (): string => withPip("26.3");

/** One whose pip downloads a wheel to tell. */
export const oldPipPython = (): string => withPip("24.0");

const withPip = (version: string): string =>
  pythonWith(`pip-${version}`, `pip==${version}`, (python) =>
    execFileSync(python, ["-m", "pip", "--version"], { encoding: "utf8" }).startsWith(`pip ${version} `),
  );
