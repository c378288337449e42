import { rmSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { writeAtomicSync } from "../../files/atomic_file.ts";
import type { RunFolder } from "./run_folder.ts";

/** Writes down which error ended the run, for who looks at its folder later; where that can't be written, it is not. */
export function noteFailure(folder: RunFolder, error: unknown): void {
  try {
    folder.check(); // another process may have gone on with it
    const text = error instanceof UserError ? error.message : String(error);
    writeAtomicSync(folder.failure, `${text}\n`);
  } catch {}
}

/** Removes what was written down of the process before. */
export function forgetFailure({ failure }: RunFolder): void {
  try {
    rmSync(failure, { force: true });
  } catch {} // what is written next says why
}
