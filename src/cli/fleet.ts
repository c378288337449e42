import { resolve } from "node:path";
import type { Launcher } from "../experiment/launch/launcher.ts";
import { heldBy } from "../experiment/runs/newest_run.ts";
import type { Series } from "../experiment/series/members.ts";
import { outputOf } from "../experiment/series/output.ts";
import { memberFolder, resultOf } from "../experiment/series/results.ts";
import { counted } from "../text/counted.ts";
import type { LaunchOptions } from "./launch_options.ts";
import { table } from "./table.ts";
import { nameIn } from "./train_by.ts";

/** Does what `--status` or `--cancel` asks; false where neither is asked for. */
export async function lookAfter(
  series: Series,
  launcher: Launcher,
  { status, cancel }: LaunchOptions,
  again: string,
): Promise<boolean> {
  if (cancel) {
    const count = await launcher.queue!.cancel();
    console.log(
      count === 0
        ? "nothing of it is in the queue"
        : `${counted(count, "run")} told to end; what is under way saves first. To go on: ${again}`,
    );
  } else if (status) console.log(await standingsOf(series, launcher));
  return Boolean(status || cancel);
}

/** A row a run: its step, and whether it is done, waits, is trained, or why it ended. */
async function standingsOf(series: Series, launcher: Launcher): Promise<string> {
  const queued = (await launcher.queue?.underWay()) ?? new Map<string, string>();
  const name = nameIn(series);
  const rows: (readonly [run: string, step: number, state: string])[] = [];
  for (const member of series.members) {
    const { step, complete, failure } = await resultOf(member); // one at a time: it reads a whole checkpoint
    const holder = heldBy(memberFolder(member));
    const here = holder && `process ${holder.pid} on ${holder.host} trains it`;
    const ended = failure === undefined ? "stopped" : `failed: ${failure}`;
    const now =
      queued.get(resolve(outputOf(member))) ?? here ?? (step === 0 && !failure ? "not begun" : ended);
    rows.push([name(member), step, complete ? "done" : now]);
  }
  return table(["run", "step", "state"], rows);
}
