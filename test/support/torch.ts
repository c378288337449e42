import { spawnSync } from "node:child_process";
import { cacheDir } from "../../src/files/cache_dir.ts";

/** Without importing it, which takes seconds. */
const HAS_TORCH = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";

/** A Python that has the real torch: the one that the comparison with PyTorch made, or the system's; undefined: none. */
export const torchPython: string | undefined = [cacheDir("bench", "venv", "bin", "python"), "python3"].find(
  (python) => spawnSync(python, ["-c", HAS_TORCH]).status === 0,
);
