import { findGpu } from "../backends/webgpu/gpu.ts";
import { EngineError } from "../errors.ts";
import { type Backend, describeBackend } from "./backend.ts";

/** What computes: a backend, or the one that is measured to be faster. */
export type BackendChoice = "auto" | Backend;

/** Milliseconds that the same took on each. */
export type Measured = Readonly<Record<Backend, number>>;

export interface BackendOptions {
  /**
   * `wasm` where left out, with the bits of Node. `auto`: `webgpu` where the browser offers a GPU, which is no software, and
   * that is faster here, by a measurement at the first time.
   */
  readonly backend?: BackendChoice;
  /** What `auto` has measured, of what; it looks there and adds to it. */
  readonly measured?: Map<string, Measured>;
  /** Takes a sentence for the user: what `auto` takes and why, and that a GPU was lost. */
  say?(sentence: string): void;
}

/** What is raced on both backends. */
interface Race {
  /** What a measurement depends on besides the devices. */
  readonly of: readonly unknown[];
  /** What is done, for people: "a decode". */
  readonly what: string;
  /** Milliseconds that it takes on a backend. @throws EngineError where that one can't */
  time(backend: Backend): Promise<number>;
}

/**
 * What `make` makes on the backend of a choice; `auto` races them, and takes wasm where the other can't.
 *
 * @throws EngineError where the browser has not the backend that is asked for
 */
export async function onChosen<T>(
  options: BackendOptions,
  race: Race,
  make: (backend: Backend) => Promise<T>,
): Promise<T> {
  const { backend = "wasm", say = () => {} } = options;
  if (backend !== "auto") return make(backend);
  try {
    return await make(await faster(options, race));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    say(`wasm computes: ${error.message}`);
    return make("wasm");
  }
}

async function faster(options: BackendOptions, race: Race): Promise<Backend> {
  const { measured = new Map<string, Measured>(), say = () => {} } = options;
  const gpu = await findGpu();
  if (gpu === undefined || gpu.isSoftware) {
    if (gpu) say(`wasm computes: WebGPU is software here (${gpu.name}).`);
    return "wasm";
  }
  const key = JSON.stringify([race.of, await describeBackend("wasm"), gpu.name]);
  let times = measured.get(key);
  if (times === undefined) {
    times = { wasm: await race.time("wasm"), webgpu: await race.time("webgpu") };
    measured.set(key, times);
  }
  const taken = times.webgpu < times.wasm ? "webgpu" : "wasm";
  const [wasm, webgpu] = [times.wasm, times.webgpu].map((ms) => Number(ms.toPrecision(2)));
  say(`${taken} computes: ${race.what} takes ${wasm} ms on wasm, ${webgpu} ms on webgpu (${gpu.name}).`);
  return taken;
}

/** The median of the milliseconds that `f` takes, `times` times after `warmUp` others. */
export async function medianTime(f: () => Promise<unknown>, warmUp = 2, times = 5): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < warmUp + times; i++) {
    const started = performance.now();
    await f();
    if (i >= warmUp) taken.push(performance.now() - started);
  }
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)]!;
}
