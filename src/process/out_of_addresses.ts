import { EngineError } from "../errors.ts";

/**
 * What to say where WebAssembly found no room among the process's addresses, of which it takes some 10 GiB for each
 * memory, whatever of it is used; undefined for every other error. Not ours alone asks for it: Node reads packages by it.
 */
export function outOfAddresses(error: unknown): EngineError | undefined {
  if (!(error instanceof RangeError) || !/WebAssembly|Wasm memory/i.test(error.message)) return undefined;
  return new EngineError(
    `WebAssembly's memory does not fit into the addresses that this process may have (${error.message}). Type: ulimit -v unlimited`,
    { cause: error },
  );
}
