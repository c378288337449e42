import { EngineError } from "../../errors.ts";
import { tf } from "../../tf.ts";
import type { BackendDefinition } from "../define.ts";
import { findGpu } from "./gpu.ts";
import { GpuError } from "./gpu_error.ts";
import { loadChunk } from "./load.ts";

interface Started {
  readonly name: string;
  readonly isSoftware: boolean;
  /** Rejects once the GPU is gone or has refused work. */
  readonly broken: Promise<never>;
}

let started: Promise<Started> | undefined;

/** A browser's GPU, by tfjs's kernels and the project's own made of them. Its tensors are read by `data()` alone. */
export const webgpu: BackendDefinition<"webgpu"> = {
  name: "webgpu",
  async register() {
    started ??= start();
    await started;
  },
  async describe() {
    const { name, isSoftware } = await started!;
    const device = `WebGPU, ${name}${isSoftware ? " (no GPU: the processor computes)" : ""}`;
    return { library: "tfjs", version: tf.version_core, device };
  },
};

/** What `f` computes by it. @throws GpuError where the GPU is gone or refuses work meanwhile */
export async function onGpu<T>(f: () => Promise<T>): Promise<T> {
  const { broken } = await started!;
  const check = () => Promise.race([broken, undefined]);
  try {
    await check();
    const value = await Promise.race([broken, f()]);
    await check(); // it may have refused what was computed by
    return value;
  } catch (error) {
    if (error instanceof DOMException) throw new GpuError(`WebGPU failed: ${clause(error)}`);
    throw error;
  }
}

async function start(): Promise<Started> {
  const gpu = await findGpu();
  if (gpu === undefined)
    throw new EngineError(
      "backend webgpu: expected a browser that offers a GPU to this page, got none. Take wasm.",
    );
  const { makeBackend } = await loadChunk().catch(refusal("its file can't be loaded"));
  const { backend, device } = await makeBackend(gpu.adapter).catch(refusal(`${gpu.name} can't be used`));
  const broken = new Promise<never>((_, reject) => {
    device.lost.then((info) =>
      reject(new GpuError(`the GPU was lost${info.message && `: ${clause(info)}`}`)),
    );
    device.onuncapturederror = ({ error }) => reject(new GpuError(`the GPU refused: ${clause(error)}`));
  });
  broken.catch(() => {}); // nothing may be under way
  tf.registerBackend("webgpu", () => backend, 0);
  return { ...gpu, broken };
}

const refusal = (what: string) => (cause: Error) => {
  throw new EngineError(`backend webgpu: ${what}: ${clause(cause)}. Take wasm.`);
};

/** A browser's message without the end of its sentence. */
const clause = ({ message }: { readonly message: string }): string => message.replace(/[.\s]+$/, "");
