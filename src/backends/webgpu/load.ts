import { tf } from "../../tf.ts";

type Chunk = typeof import("./chunk.ts");

declare global {
  /** What the file of its own says: how the chunk is made of tfjs's core. */
  var tfjsVaeWebGpu: ((core: typeof tf) => Chunk) | undefined;
}

let chunk: Chunk | undefined;

/** tfjs's WebGPU backend, which is no part of the bundle: a worker that was started with it has it, others load it. */
export async function loadChunk(): Promise<Chunk> {
  if (globalThis.tfjsVaeWebGpu === undefined) await import("webgpu:chunk");
  chunk ??= globalThis.tfjsVaeWebGpu!(tf);
  return chunk;
}
