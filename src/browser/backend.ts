import { compileBinary } from "../backends/wasm/binary.browser.ts";
import { wasm } from "../backends/wasm/definition.ts";
import { onGpu, webgpu } from "../backends/webgpu/definition.ts";
import { type Tensor, tf } from "../tf.ts";

/** What computes: the project's WebAssembly kernels, or tfjs's on a GPU. */
export type Backend = "wasm" | "webgpu";

const definitions = { wasm, webgpu };
const started = new Map<Backend, Promise<void>>();

/** What is under way; tfjs has one backend at a time. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * What `f` computes on a backend, once nothing else computes: wasm on all cores in a worker of a page that is cross-origin
 * isolated, else on one.
 *
 * @throws EngineError where the browser has no such backend, GpuError where the GPU is gone or refuses meanwhile
 */
export function computeOn<T>(backend: Backend, f: () => Promise<T>): Promise<T> {
  const result = turn.then(async () => {
    await use(backend);
    return backend === "webgpu" ? onGpu(f) : f();
  });
  turn = result.catch(() => {});
  return result;
}

/** The backend in words. @throws EngineError where the browser has none */
export const describeBackend = (backend: Backend): Promise<string> =>
  computeOn(backend, async () => (await definitions[backend].describe()).device);

/** Brings tensors' values to where `dataSync` has them: of a GPU's memory they can't be had at once. */
export async function fetchValues(tensors: readonly Tensor[]): Promise<void> {
  await Promise.all(tensors.map((tensor) => tensor.data()));
}

async function use(backend: Backend): Promise<void> {
  let ready = started.get(backend);
  if (ready === undefined) {
    ready = start(backend);
    started.set(backend, ready);
  }
  await ready;
  if (tf.getBackend() !== backend && !(await tf.setBackend(backend)))
    throw new Error(`tfjs can't start the ${backend} backend`);
}

async function start(backend: Backend): Promise<void> {
  if (backend === "wasm") await compileBinary();
  await definitions[backend].register({ say: console.warn });
}
