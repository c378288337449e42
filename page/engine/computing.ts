import type { BackendChoice, BackendOptions, Measured } from "../../src/browser/choose_backend.ts";
import { EngineError } from "../../src/errors.ts";

/** What a page wants to have computed by, and what it has measured. */
export interface Wanted {
  readonly choice: BackendChoice;
  readonly measured: ReadonlyMap<string, Measured>;
}

/** What computes, in words, and why, or what went wrong with another. */
export interface Computing {
  readonly device: string;
  readonly note?: string;
}

/** `make` by what is wanted, and where the browser has no such backend, with a sentence by wasm. */
export async function orWasm<T>(
  { choice, measured }: Wanted,
  say: (sentence: string) => void,
  make: (options: BackendOptions & { measured: Map<string, Measured> }) => Promise<T>,
): Promise<T> {
  const options = { measured: new Map(measured), say };
  try {
    return await make({ ...options, backend: choice });
  } catch (error) {
    if (choice === "wasm" || !(error instanceof EngineError)) throw error;
    say(error.message);
    return make({ ...options, backend: "wasm" });
  }
}
