import { availableParallelism } from "node:os";
import { ConfigError } from "../../errors.ts";
import { startWorker } from "../../process/start_worker.ts";
import type { WorkerArgs } from "./serve.ts";

/** Of memory at most: one page short of 4 GiB, so that the address behind the last byte is a 32-bit number too. */
export const MOST_PAGES = 65535;

/** A thread besides the main one. */
export interface Thread {
  terminate(): unknown;
}

/** The number of threads: the cores, or what TFJS_VAE_THREADS says. @throws ConfigError */
export function threadCount(): number {
  const said = process.env.TFJS_VAE_THREADS;
  if (said === undefined || said === "") return availableParallelism();
  const count = Number(said);
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count;
  throw new ConfigError(`TFJS_VAE_THREADS: expected a number of threads from 1 to 256, got "${said}"`);
}

/** Starts one, which doesn't keep the process. `failed` is told an error that ended it. */
export function startThread(args: WorkerArgs, failed: (error: Error) => void): Thread {
  const worker = startWorker(import.meta.url, "./worker", { workerData: args });
  worker.on("error", (error) => failed(error as Error));
  worker.unref();
  return worker;
}
