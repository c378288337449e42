import { closeSync, futimesSync, openSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** Time between two beats, in milliseconds. */
const EVERY = 2000;

/** Digits of a beat's number. */
const DIGITS = 10;

/** A number that changes while its holder lives, at a place of the lock's text that never moves. */
export const firstBeat = "0".repeat(DIGITS);

/**
 * Counts in the lock `file` while it holds `id`, until the function returned is called: on a thread of its own, since a
 * step, a validation or a fit may keep the main one for minutes. Where the file can't be written, its time is set.
 *
 * @param at place of the number's digits, in bytes
 */
export function startHeartbeat(file: string, id: string, at: number): () => void {
  let worker: Worker | undefined;
  // Not at once: many a lock is given back before the next turn of the event loop.
  const starting = setImmediate(() => {
    worker = new Worker(SOURCE, {
      eval: true,
      workerData: { file, id, at, every: EVERY, digits: DIGITS },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    worker.unref();
    worker.on("error", () => {}); // a run goes on without; another host may then take it over
  });
  return () => {
    clearImmediate(starting);
    void worker?.terminate();
  };
}

/** Why the file system refuses beats, which change a file in place; undefined where it takes them. */
export function whyNoBeats(file: string, at: number): NodeJS.ErrnoException | undefined {
  try {
    const fd = openSync(file, "r+");
    try {
      writeSync(fd, firstBeat, at);
    } catch {
      futimesSync(fd, new Date(), new Date());
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const problem = error as NodeJS.ErrnoException;
    return problem.code === "ENOENT" ? undefined : problem; // deleted meanwhile
  }
  return undefined;
}

/** As text, so that it starts in milliseconds, whether this file is compiled, bundled or read by tsx. */
const SOURCE = `
const { closeSync, futimesSync, openSync, readFileSync, writeSync } = require("node:fs");
const { workerData: { file, id, at, every, digits } } = require("node:worker_threads");
let beat = 0;
setInterval(() => {
  let fd;
  try {
    fd = openSync(file, "r+");
    if (JSON.parse(readFileSync(fd, "utf8")).id !== id) return;
    try {
      writeSync(fd, String(++beat % 10 ** digits).padStart(digits, "0"), at);
    } catch {
      futimesSync(fd, new Date(), new Date());
    }
  } catch {} // deleted, being replaced, or out of reach: the next beat sees
  finally {
    if (fd !== undefined) closeSync(fd);
  }
}, every);
`;
