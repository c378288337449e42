import source from "worker:./worker.ts";
import { type Remote, wrap } from "comlink";
import type { Engine } from "./worker.ts";

let address: string | undefined;

/** Starts a worker that computes; its bundle is in the page's own, so that a page from a disk has it. */
export function startEngine(): { worker: Worker; remote: Remote<Engine> } {
  address ??= URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  return { worker, remote: wrap<Engine>(worker) };
}
