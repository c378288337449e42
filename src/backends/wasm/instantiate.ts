import type { Binary } from "./binary.ts";

/** The kernels of the binary for one thread. `thread`: 0 for the main one. */
export function instantiate(
  { module, wide }: Binary,
  memory: WebAssembly.Memory,
  thread: number,
): WebAssembly.Exports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports.setThread as (thread: number, wide: number) => void)(thread, wide ? 1 : 0);
  return exports;
}
