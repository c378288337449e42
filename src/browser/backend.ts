import { compileBinary } from "../backends/wasm/binary.browser.ts";
import { wasm } from "../backends/wasm/definition.ts";
import { tf } from "../tf.ts";

let started: Promise<string> | undefined;

/**
 * Makes the wasm backend tfjs's own: on all cores in a worker of a page that is cross-origin isolated, else on one.
 * Returns what computes, in words.
 */
export function useWasm(): Promise<string> {
  started ??= start();
  return started;
}

async function start(): Promise<string> {
  await compileBinary();
  await wasm.register({ say: console.warn });
  if (!(await tf.setBackend(wasm.name))) throw new Error("tfjs can't start the wasm backend");
  return (await wasm.describe()).device;
}
