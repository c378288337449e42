import { appendFileSync } from "node:fs";
import type { Launched, Launcher } from "../experiment/launch/launcher.ts";
import type { Member, Series } from "../experiment/series/members.ts";
import { lengthOf, outputOf, reason } from "../experiment/series/output.ts";
import { memberFolder } from "../experiment/series/results.ts";
import { takeSignals } from "../process/signals.ts";
import { LiveLine } from "../text/live_line.ts";
import { duration } from "../text/numbers.ts";
import { shellWord } from "../text/shell.ts";
import { nameIn } from "./train_by.ts";

interface Args {
  /** What follows `vae` for a member to be evaluated, but for its folder. */
  readonly args: readonly string[];
  /** The command that goes on, as a shell takes it. */
  readonly again: string;
  /** Looks at what came of one; why it does not do. @throws what ends all */
  ended(member: Member): Promise<string | undefined>;
}

const LINE_EVERY = 30_000;

/**
 * Evaluates members, each in a process of its own, as many at once as the launcher takes, which is no queue's. Why each that
 * failed did; `stopped` where a signal ended it.
 */
export async function evaluateApart(
  launcher: Launcher,
  series: Series,
  members: readonly Member[],
  { args, again, ended }: Args,
): Promise<ReadonlyMap<Member, string> | "stopped"> {
  const line = new LiveLine(process.stdout, LINE_EVERY, Date.now());
  const name = nameIn(series);
  const failures = new Map<Member, string>();
  const running = new Set<Launched>();
  const left = members.values();
  let done = 0;
  let code: number | undefined;
  let broken = false;
  const stop = () => {
    for (const launched of running) launched.stop();
  };
  const leave = takeSignals((_, exitCode) => {
    code = exitCode;
    stop();
  });
  const evaluate = async (member: Member) => {
    const began = performance.now();
    const output = outputOf(member);
    const command = { args: [...args, memberFolder(member)], output };
    appendFileSync(output, `\nvae ${command.args.map(shellWord).join(" ")}\n`);
    const from = lengthOf(output);
    const [launched] = await launcher.start([command]);
    running.add(launched!);
    const ending = await launched!.ended;
    running.delete(launched!);
    done++;
    if (code !== undefined || broken) return;
    const failure = ending.code === 0 ? await ended(member) : reason(output, from, ending.code);
    if (failure !== undefined) failures.set(member, failure);
    const took = duration((performance.now() - began) / 1000);
    line.message(`${name(member)}: ${failure === undefined ? "evaluated" : `failed: ${failure}`} (${took})`);
    line.show(() => `${done} of ${members.length} evaluated`);
  };
  const work = async () => {
    for (const member of left) {
      if (code !== undefined || broken) return;
      try {
        await evaluate(member);
      } catch (error) {
        broken = true;
        stop();
        throw error;
      }
    }
  };
  try {
    const all = await Promise.allSettled(Array.from({ length: launcher.jobs }, work));
    for (const one of all) if (one.status === "rejected") throw one.reason;
  } finally {
    line.clear();
    leave();
  }
  if (code === undefined) return failures;
  console.log(`stopped. To go on: ${again}`);
  process.exitCode = code;
  return "stopped";
}
