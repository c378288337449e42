import source from "worker:./worker.ts";
import { type Remote, wrap } from "comlink";
import type { Engine } from "./worker.ts";

const addresses = new Map<string, string>();

/**
 * Starts a worker that computes; its bundle is in the page's own, so that a page from a disk has it. `more` is the text of what it
 * wants besides (webgpu_text.ts).
 */
export function startEngine(more: string): { worker: Worker; remote: Remote<Engine> } {
  const address =
    addresses.get(more) ?? URL.createObjectURL(new Blob([source, "\n", more], { type: "text/javascript" }));
  addresses.set(more, address);
  const worker = new Worker(address);
  return { worker, remote: wrap<Engine>(worker) };
}
