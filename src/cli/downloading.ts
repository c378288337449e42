import { takeSignals } from "../process/signals.ts";
import { DownloadProgress } from "./progress.ts";

/** What a download is given. */
export interface Downloading {
  readonly progress: DownloadProgress;
  /** Aborted by the first signal to end. */
  readonly signal: AbortSignal;
}

/**
 * Does what shows its progress and may be stopped: the first signal to end is an abort, so that what was begun is removed; a second
 * one ends at once. `left`: what "Stopped; " is then followed by.
 */
export async function downloading(
  left: string,
  work: (downloading: Downloading) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const dispose = takeSignals((_, code) => {
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    controller.abort();
  });
  const progress = new DownloadProgress();
  try {
    await work({ progress, signal: controller.signal });
  } catch (error) {
    progress.close();
    if (exitCode === undefined) throw error;
    console.error(`Stopped; ${left}.`);
    process.exitCode = exitCode;
  } finally {
    dispose();
  }
}
