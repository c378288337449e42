import { takeSignals } from "./signals.ts";

const cleanUps = new Set<() => void>();
let release = () => {};

/** Calls `cleanUp` when this process ends, by itself or by a signal, unless the function returned is called before. */
export function atEnd(cleanUp: () => void): () => void {
  const own = () => cleanUp(); // so that the same function given twice counts twice
  if (cleanUps.size === 0) {
    process.on("exit", all);
    release = takeSignals(leave, { after: true });
  }
  cleanUps.add(own);
  return () => {
    if (!cleanUps.delete(own) || cleanUps.size > 0) return;
    process.off("exit", all);
    release();
  };
}

function leave(name: NodeJS.Signals, exitCode: number): void {
  if (process.listenerCount(name) > 1) return; // the program's own, which says when it ends
  process.exit(exitCode);
}

function all(): void {
  for (const cleanUp of cleanUps) {
    try {
      cleanUp();
    } catch {} // the others are due all the same
  }
}
