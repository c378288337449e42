import { spawn } from "node:child_process";
import { join } from "node:path";

export interface Called {
  /** Its exit code; 130 where it was told to stop and saved. */
  readonly code: number;
  readonly seconds: number;
}

/** `vae` of the project in folder `root`; after `stopAfter` seconds it is told to save and stop. */
export function vae(root: string, args: readonly string[], stopAfter?: number): Promise<Called> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(root, "bin/vae.js"), ...args], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const stop = stopAfter === undefined ? undefined : setTimeout(() => child.kill("SIGINT"), stopAfter * 1000);
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      clearTimeout(stop);
      done({ code: code ?? 1, seconds: (performance.now() - began) / 1000 });
    });
  });
}
