import { execFileSync } from "node:child_process";
import { tensorboardPython } from "./tensorboard.ts";

export interface Loaded {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: unknown[];
}

const SCRIPT = `
import json, sys, numpy
found = numpy.load(sys.argv[1], allow_pickle=False)
named = {"": found} if isinstance(found, numpy.ndarray) else dict(found)
print(json.dumps({k: {"shape": v.shape, "dtype": str(v.dtype), "values": v.ravel().tolist()} for k, v in named.items()}))
`;

/** What the real NumPy (which comes with tensorboard) finds in a .npz file by name; in a .npy file under "". */
export function numpyLoad(file: string): Record<string, Loaded> {
  return JSON.parse(
    execFileSync(tensorboardPython(), ["-c", SCRIPT, file], { encoding: "utf8", maxBuffer: 1 << 28 }),
  );
}
