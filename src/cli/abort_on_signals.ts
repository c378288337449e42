import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Turns the first signal to end into an abort, so that what was begun is removed; a second one ends at once. */
export function abortOnSignals() {
  const controller = new AbortController();
  const stop = { signal: controller.signal, exitCode: undefined as number | undefined, dispose };
  const handle = (name: NodeJS.Signals) => {
    const code = 128 + constants.signals[name];
    if (stop.exitCode !== undefined) process.exit(code);
    stop.exitCode = code;
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, handle);
  function dispose(): void {
    for (const name of SIGNALS) process.off(name, handle);
  }
  return stop;
}
