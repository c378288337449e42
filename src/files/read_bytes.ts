import { readFileSync } from "node:fs";
import { DataError } from "../errors.ts";

/** A file's bytes. @throws DataError where it can't be read */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new DataError(`${file}: can't be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}
