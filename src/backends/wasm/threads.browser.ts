import source from "worker:./worker.browser.ts";
import type { WorkerArgs } from "./serve.ts";
import type { Thread } from "./threads.ts";

/** Of memory at most, 1 GiB: phones refuse to set aside more. */
export const MOST_PAGES = 16384;

/**
 * The number of threads: the cores in a worker of a page that is cross-origin isolated. Elsewhere 1: memory can't be
 * shared, or, on a page's main thread, not be waited for.
 */
export const threadCount = (): number =>
  globalThis.crossOriginIsolated && !("document" in globalThis) ? navigator.hardwareConcurrency : 1;

/** Starts one. `failed` is told an error that ended it. */
export function startThread(args: WorkerArgs, failed: (error: Error) => void): Thread {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = ({ message }) => failed(new Error(message));
  worker.postMessage(args);
  return worker;
}
