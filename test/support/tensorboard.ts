import { spawnSync } from "node:child_process";
import { pythonWith } from "./python_environment.ts";

const VERSION = "2.21.0";

/** A Python with the real tensorboard package. */
export const tensorboardPython = (): string =>
  pythonWith(
    `tensorboard-${VERSION}`,
    `tensorboard==${VERSION}`,
    (python) => spawnSync(python, ["-c", "import tensorboard"]).status === 0,
  );
