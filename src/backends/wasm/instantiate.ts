/** The kernels of the binary for one thread. `thread`: 0 for the main one. */
export function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  thread: number,
): WebAssembly.Exports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports.setThread as (thread: number) => void)(thread);
  return exports;
}
