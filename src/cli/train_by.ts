import type { Launcher } from "../experiment/launch/launcher.ts";
import type { Member, Series } from "../experiment/series/members.ts";
import type { State, Task } from "../experiment/series/next_task.ts";
import { lastWords, outputOf } from "../experiment/series/output.ts";
import type { Result } from "../experiment/series/results.ts";
import { TrainAll } from "../experiment/series/train_all.ts";
import { takeSignals } from "../process/signals.ts";
import { counted } from "../text/counted.ts";
import { LiveLine } from "../text/live_line.ts";
import { duration } from "../text/numbers.ts";

export interface TrainByArgs {
  /** Name of the backend, the same for all. */
  readonly backend: string;
  /** The command that goes on, as a shell takes it. */
  readonly again: string;
  next(state: State): Task | undefined;
  /** What a run has come to. */
  worth(result: Result): string;
}

/** Milliseconds between two lines that say how far all is, where they are no terminal's. */
const LINE_EVERY = 30_000;
const LOOK_EVERY = 1000;
/** Runs that a line tells of; of more it says how many. */
const SHOWN = 4;

/** Trains what is missing of a series where the launcher does so, and says how far all is; `stopped` where a signal ended it. */
export async function trainBy(
  launcher: Launcher,
  series: Series,
  args: TrainByArgs,
): Promise<TrainAll | "stopped"> {
  const line = new LiveLine(process.stdout, LINE_EVERY, Date.now());
  const began = new Map<Member, number>();
  const name = nameIn(series);
  const all = new TrainAll({
    series,
    launcher,
    backend: args.backend,
    next: args.next,
    started({ member, until }, { step }) {
      began.set(member, performance.now());
      const to = until === undefined ? "" : ` to step ${until}`;
      const begun = launcher.queue === undefined ? "training" : "queued";
      line.message(`${name(member)}: ${step === 0 ? begun : `going on at step ${step}`}${to}`);
    },
    ended({ member }, result, how) {
      const took = duration((performance.now() - began.get(member)!) / 1000);
      const { failure } = how === "elsewhere" ? { failure: undefined } : how;
      const what =
        how === "elsewhere"
          ? "another command trains it"
          : failure === undefined
            ? args.worth(result)
            : `failed: ${failure}`;
      line.message(`${name(member)}: ${what} (${took})`);
    },
  });
  let code: number | undefined;
  const leave = takeSignals((signal, exitCode) => {
    if (code === undefined && launcher.queue === undefined)
      line.message(`${signal}: each run under way is saved (again: leave at once)`);
    code = exitCode;
    all.stop();
  });
  const looking = setInterval(() => {
    const under = all.underWay.map(({ member, standing }) => {
      const step = lastWords(outputOf(member)).match(/step [\d,]+\/[\d,]+/)?.[0];
      const at = step === undefined || standing.includes("waits") ? standing : step;
      return `${name(member)}${at === "" ? "" : ` ${at}`}`;
    });
    const more = under.length > SHOWN ? ` · and ${counted(under.length - SHOWN, "run")} more` : "";
    if (under.length > 0) line.show(() => `${under.slice(0, SHOWN).join(" · ")}${more}`);
  }, LOOK_EVERY);
  try {
    await all.run();
  } finally {
    clearInterval(looking);
    launcher.close();
    line.clear();
    leave();
  }
  if (code === undefined) return all;
  const { again } = args;
  console.log(
    launcher.queue === undefined
      ? `stopped, all saved. To go on: ${again}`
      : `left in the queue: ${counted(all.underWay.length, "run")}. How they stand: ${again} --status. To end them, saved: ${again} --cancel. To wait for them: ${again}`,
  );
  process.exitCode = code;
  return "stopped";
}

/** Names of a series's members, for what is said. */
export const nameIn =
  ({ seeds }: Series) =>
  ({ run, seed }: Member): string =>
    seeds.length > 1 ? `${run}, seed ${seed}` : run;
