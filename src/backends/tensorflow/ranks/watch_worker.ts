import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import koffi from "koffi";
import { LostRank } from "../../../errors.ts";
import { openTensorFlow } from "../c_api.ts";
import { taskOf } from "./task_name.ts";
import { FOUND, LIMIT, PROGRESS, STOPPED, STUCK, seconds, type Told, type Watched } from "./watched.ts";

/** Milliseconds between two looks, and for an answer. */
const EVERY = 5000;
const ANSWER = 10_000;
const STARTING = 500;
/** That the thread that trains has to save and end the process. */
const SAVING = 60_000;
const UNAVAILABLE = 14; // TF_Code

const { file, context, ranks, start, shared } = workerData as Watched;
const { api, check, abort, setStatus, exit } = open();

const tell = (told: Told) => parentPort!.postMessage(told);
const pause = (milliseconds: number): boolean =>
  Atomics.wait(shared, STOPPED, 0, milliseconds) === "timed-out";

const absent = awaitAll();
if (absent !== undefined) tell({ kind: "absent", ...absent });
else {
  tell({ kind: "up" });
  watch();
  endAtLast();
}

/** Returns once all ranks answer; the one that doesn't in time. */
function awaitAll(): { rank: number; why: string } | undefined {
  const until = performance.now() + 1000 * start;
  for (const rank of ranks) {
    for (;;) {
      const why = problemOf(rank, 1000);
      if (why === undefined) break;
      if (performance.now() > until) return { rank, why };
      if (!pause(STARTING)) return undefined;
    }
  }
  return undefined;
}

/** Looks after them until one is lost or nothing gets on, by which reductions then fail, or all is done. */
function watch(): void {
  while (pause(EVERY)) {
    const limit = Atomics.load(shared, LIMIT);
    const isStuck = limit > 0 && seconds() - Atomics.load(shared, PROGRESS) > limit;
    const lost = isStuck ? undefined : ranks.find((rank) => isLost(rank));
    const found = lost === undefined ? (isStuck ? STUCK : 0) : lost + 1;
    if (found === 0 && Atomics.load(shared, FOUND) === 0) continue;
    Atomics.compareExchange(shared, FOUND, 0, found);
    tell({ kind: "found" });
    const status = api.newStatus();
    setStatus(status, UNAVAILABLE, "another rank is lost");
    abort(context, status);
    break;
  }
}

/**
 * Ends the process where nothing else does: TensorFlow may wait for ever for a message that a rank was about to send when it
 * ended, and the thread that trains, or Node's end, for TensorFlow.
 */
function endAtLast(): void {
  if (!pause(SAVING)) return;
  writeSync(
    2,
    "another rank is lost, and this one can't end by itself: it is ended. To go on: start all ranks again, with --resume auto.\n",
  );
  exit(new LostRank("").exitCode);
}

/** Whether a rank doesn't answer, twice: once may be a network's hiccup. */
function isLost(rank: number): boolean {
  return problemOf(rank, ANSWER) !== undefined && problemOf(rank, ANSWER) !== undefined;
}

/** Why a rank can't be reached; undefined: it answers. */
function problemOf(rank: number, milliseconds: number): string | undefined {
  const status = api.newStatus();
  try {
    check(context, taskOf(rank), milliseconds, status);
    return api.getCode(status) === 0 ? undefined : api.message(status);
  } finally {
    api.deleteStatus(status);
  }
}

function open() {
  const api = openTensorFlow(file);
  return {
    api,
    check: api.declare("void", "TFE_CollectiveOpsCheckPeerHealth", "int64", "str", "int64", "int64"),
    abort: api.declare("void", "TFE_AbortCollectiveOps", "int64", "int64"),
    exit: koffi.load(null).func("_exit", "void", ["int"]), // at once: at another end threads would be waited for
    setStatus: api.declare("void", "TF_SetStatus", "int64", "int", "str"),
  };
}
