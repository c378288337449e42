import { DataError } from "../errors.ts";

/** A browser has no files: it gives bytes. @throws DataError always */
export function readBytes(file: string): Uint8Array {
  throw new DataError(
    `${file}: expected its bytes, as fetch gives them, got a name, which a browser can't open.`,
  );
}
