import { takeSignals } from "../process/signals.ts";

/** Turns the first signal to end into an abort, so that what was begun is removed; a second one ends at once. */
export function abortOnSignals() {
  const controller = new AbortController();
  const dispose = takeSignals((_, code) => {
    if (stop.exitCode !== undefined) process.exit(code);
    stop.exitCode = code;
    controller.abort();
  });
  const stop = { signal: controller.signal, exitCode: undefined as number | undefined, dispose };
  return stop;
}
