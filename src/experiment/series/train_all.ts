import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { dumpConfig } from "../../config/dump.ts";
import { UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import type { Launched, Launcher } from "../launch/launcher.ts";
import type { Member, Series } from "./members.ts";
import type { State, Task } from "./next_task.ts";
import { memberFolder, type Result, resultOf } from "./results.ts";

export interface TrainAllArgs {
  readonly series: Series;
  readonly launcher: Launcher;
  /** Name of the backend, the same for all. */
  readonly backend: string;
  /** What is to be trained next. */
  next(state: State): Task | undefined;
  started(task: Task, before: Result): void;
  /** `failure`: why it is not where it was to be, where that is no signal. */
  ended(task: Task, result: Result, failure: string | undefined): void;
}

/** Trainings of members, as many at once as the launcher takes. */
export class TrainAll {
  readonly results = new Map<Member, Result>();
  /** Why each of those that failed since now did. */
  readonly failures = new Map<Member, string>();
  private readonly running = new Map<
    Member,
    { readonly launched: Launched; readonly ended: Promise<Member> }
  >();
  private stopping = false;

  constructor(private readonly args: TrainAllArgs) {}

  /** Members under way. */
  get underWay(): readonly Member[] {
    return [...this.running.keys()];
  }

  /** Asks all that are under way to save and end; no other is started. */
  stop(): void {
    this.stopping = true;
    for (const { launched } of this.running.values()) launched.stop();
  }

  /** Trains until nothing is left, or all has ended after `stop`. */
  async run(): Promise<void> {
    const { series, launcher, next } = this.args;
    for (const member of series.members) this.results.set(member, await resultOf(member));
    for (;;) {
      while (!this.stopping && this.running.size < launcher.jobs) {
        const running = new Set(this.running.keys());
        const task = next({ results: this.results, running, failed: new Set(this.failures.keys()) });
        if (task === undefined) break;
        await this.start(task);
      }
      if (this.running.size === 0) return;
      const member = await Promise.race([...this.running.values()].map(({ ended }) => ended));
      this.running.delete(member);
    }
  }

  private async start(task: Task): Promise<void> {
    const { launcher, backend, started, ended: told } = this.args;
    const { member, until } = task;
    const config = await this.writeConfig(member);
    const output = outputOf(member);
    const more = until === undefined ? [] : ["--until", String(until)];
    const args = ["run", "--config", config, "--resume", "auto", "--backend", backend, ...more];
    started(task, this.results.get(member)!);
    appendFileSync(output, `\nvae ${args.join(" ")}\n`);
    const launched = launcher.start(args, output);
    const ended = launched.ended.then(async (code) => {
      const { result, problem } = await this.lookAt(member);
      const failure =
        problem ?? (this.stopping && code > 128 ? undefined : shortfall(task, result, said(output, code)));
      if (failure !== undefined) this.failures.set(member, failure);
      told(task, result, failure);
      return member;
    });
    this.running.set(member, { launched, ended });
  }

  /** Reads a member's folder anew; where it can't be read, what is known stands. */
  private async lookAt(member: Member): Promise<{ result: Result; problem?: string }> {
    try {
      const result = await resultOf(member);
      this.results.set(member, result);
      return { result };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { result: this.results.get(member)!, problem: error.message };
    }
  }

  /** Writes the member's config, from which it can be trained by itself too, and gives its name. */
  private async writeConfig(member: Member): Promise<string> {
    const { baseDir } = this.args.series;
    const file = join(memberFolder(member), "member.yaml");
    mkdirSync(dirname(file), { recursive: true });
    await writeAtomic(
      file,
      dumpConfig(member.config, { from: baseDir, to: dirname(file), model: member.model }),
    );
    return file;
  }
}

/** File of all that a member's processes said. */
export const outputOf = (member: Member): string => join(memberFolder(member), "output.txt");

/** The end of what a member's process has said; "" where there is nothing. */
export function lastWords(output: string): string {
  try {
    return readFileSync(output, "utf8").trimEnd().split("\n").at(-1)!;
  } catch {
    return "";
  }
}

/** What a process says last; of one that a signal has ended nothing that it said is why. */
export function said(output: string, code: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
  if (signal === "SIGKILL")
    return "its process was ended by SIGKILL, as the system does where memory runs out";
  if (signal !== undefined) return `its process was ended by ${signal}`;
  return lastWords(output) || `its process ended with code ${code}`;
}

/**
 * Why a member is not where it was to be, whose process has ended; undefined: it is there.
 *
 * @param words the last that the process said
 */
export function shortfall({ until }: Task, result: Result, words: string): string | undefined {
  const { complete, step, validations, failure } = result;
  if (complete) return undefined;
  if (until === undefined || step < until) return failure ?? words;
  if (step > until || validations.some((v) => v.step === until)) return undefined;
  return `expected a validation at step ${until} in metrics.csv, got none`; // it would be sent there again, for ever
}
