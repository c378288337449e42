import { constants } from "node:os";
import { hangUpIsIgnored } from "./nohup.ts";

/**
 * What a run does at the signals that people and schedulers send: `leave` saves after the step under way and ends with
 * code 128 + number, `save` saves and goes on. Others do what the system does.
 */
const SIGNALS = {
  SIGINT: "leave", // Ctrl-C
  SIGTERM: "leave", // kill, timeout, Slurm, PBS, Kubernetes, a shutdown
  SIGHUP: "leave", // a terminal that closes
  SIGQUIT: "leave", // Ctrl-\
  SIGXCPU: "leave", // ulimit -t and queues that count processor time; comes again every second
  SIGUSR1: "save", // Slurm's --signal, Grid Engine before it suspends
  SIGUSR2: "save", // LSF and Grid Engine before they kill
} as const satisfies Partial<Record<NodeJS.Signals, "leave" | "save">>;

type Does = (typeof SIGNALS)[keyof typeof SIGNALS];

/** The signals that do so; SIGHUP is none where it was ignored when this process started. */
export const signalsTo = (does: Does): NodeJS.Signals[] =>
  (Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]).filter(
    (name) => SIGNALS[name] === does && !(name === "SIGHUP" && hangUpIsIgnored()),
  );

/** Is told a signal to leave, and the exit code that says so. */
export type Taker = (name: NodeJS.Signals, exitCode: number) => void;

/** A signal so soon after another is the same one: npx, timeout and shells pass on what their whole group was sent. */
const SAME_WITHIN_MS = 1000;

/** The last one is told, and no other. */
const takers: Taker[] = [];
let installed: NodeJS.Signals[] = [];
let told = Number.NEGATIVE_INFINITY;
const sinceTold = () => performance.now() - told;

function hand(name: NodeJS.Signals): void {
  if (sinceTold() < SAME_WITHIN_MS || (name === "SIGXCPU" && Number.isFinite(told))) return;
  told = performance.now();
  takers.at(-1)?.(name, 128 + constants.signals[name]);
}

/**
 * Has `taker` told of the signals to leave, which then do nothing by themselves, until the function returned is called.
 * Who came last is told; `after` all others: only where there is no other.
 */
export function takeSignals(taker: Taker, { after = false } = {}): () => void {
  if (after) takers.unshift(taker);
  else takers.push(taker);
  if (installed.length === 0) {
    installed = signalsTo("leave");
    for (const name of installed) process.on(name, hand);
  }
  return () => {
    const at = takers.indexOf(taker);
    if (at < 0) return;
    takers.splice(at, 1);
    if (sinceTold() >= SAME_WITHIN_MS) uninstall();
    else setTimeout(uninstall, SAME_WITHIN_MS - sinceTold()).unref(); // the same one may come yet
  };
}

/** Whether a signal to leave has come. */
export const wasTold = (): boolean => Number.isFinite(told);

function uninstall(): void {
  if (takers.length > 0) return;
  for (const name of installed) process.off(name, hand);
  installed = [];
}

/** Has the signals to save do nothing where nothing trains: SIGUSR1 would start Node's debugger, SIGUSR2 end the process. */
export function ignoreSaving(): void {
  for (const name of signalsTo("save")) process.on(name, () => {});
}
