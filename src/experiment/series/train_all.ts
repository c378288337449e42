import { appendFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dumpConfig } from "../../config/dump.ts";
import { TRY_AGAIN, UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { shellWord } from "../../text/shell.ts";
import type { Command, Ending, Launched, Launcher } from "../launch/launcher.ts";
import type { Member, Series } from "./members.ts";
import type { State, Task } from "./next_task.ts";
import { outputOf, said } from "./output.ts";
import { memberFolder, type Result, resultOf } from "./results.ts";

export interface TrainAllArgs {
  readonly series: Series;
  readonly launcher: Launcher;
  /** Name of the backend, the same for all. */
  readonly backend: string;
  /** What is to be trained next. */
  next(state: State): Task | undefined;
  started(task: Task, before: Result): void;
  /** `failure`: why it is not where it was to be, where that is no signal; `elsewhere`: another command trains it. */
  ended(task: Task, result: Result, how: { readonly failure: string | undefined } | "elsewhere"): void;
}

/** Time until one that another command trains is tried again, in milliseconds. */
const AGAIN_AFTER = 10_000;

/** For so long a network drive may show what a folder held before another machine wrote to it, in milliseconds. */
const LATE = 60_000;
const LOOK_EVERY = 5000;

/** Trainings of members, as many at once as the launcher takes. */
export class TrainAll {
  readonly results = new Map<Member, Result>();
  /** Why each of those that failed since now did. */
  readonly failures = new Map<Member, string>();
  private readonly running = new Map<
    Member,
    { readonly launched: Launched; readonly ended: Promise<Member> }
  >();
  /** Those that another command trains, here or on another machine. */
  private readonly elsewhere = new Set<Member>();
  private readonly stopped = new AbortController();

  constructor(private readonly args: TrainAllArgs) {}

  /** Members under way, each with what the launcher says of it. */
  get underWay(): readonly { readonly member: Member; readonly standing: string }[] {
    return [...this.running].map(([member, { launched }]) => ({ member, standing: launched.standing() }));
  }

  /** Asks all that are under way to save and end, where they end with this process; no other is started. */
  stop(): void {
    this.stopped.abort();
    for (const { launched } of this.running.values()) launched.stop();
  }

  /**
   * Trains until nothing is left, or all has ended after `stop`, or is left to its queue.
   *
   * @throws UserError where the launcher can start nothing
   */
  async run(): Promise<void> {
    const { series, launcher } = this.args;
    const { signal } = this.stopped;
    const stop = new Promise<undefined>((resolve) =>
      signal.addEventListener("abort", () => launcher.queue && resolve(undefined)),
    );
    for (const member of series.members) this.results.set(member, await resultOf(member));
    for (;;) {
      await this.startMore();
      if (this.running.size === 0) {
        if (this.elsewhere.size === 0 || signal.aborted) return;
        await sleep(AGAIN_AFTER, undefined, { signal }).catch(() => {});
        this.elsewhere.clear();
        continue;
      }
      const member = await Promise.race([stop, ...[...this.running.values()].map(({ ended }) => ended)]);
      if (member === undefined) return;
      this.running.delete(member);
    }
  }

  /** Starts as many as may be under way. */
  private async startMore(): Promise<void> {
    const { launcher, started } = this.args;
    const tasks: (Task & { readonly command: Command })[] = [];
    while (!this.stopped.signal.aborted && this.running.size + tasks.length < launcher.jobs) {
      const task = this.nextBeside(tasks.map(({ member }) => member));
      if (task === undefined) break;
      const { result } = await this.lookAt(task.member); // another command may have gone on with it
      if (result.complete) continue;
      tasks.push({ ...task, command: await this.commandOf(task) });
    }
    if (tasks.length === 0) return;
    for (const task of tasks) started(task, this.results.get(task.member)!);
    const launched = await launcher.start(tasks.map(({ command }) => command));
    for (const [i, { command, ...task }] of tasks.entries()) {
      const one = launched[i]!;
      if (this.stopped.signal.aborted) one.stop();
      const ended = one.ended.then((ending) => this.end(task, command, ending));
      this.running.set(task.member, { launched: one, ended });
    }
  }

  private nextBeside(members: readonly Member[]): Task | undefined {
    const running = new Set([...this.running.keys(), ...this.elsewhere, ...members]);
    return this.args.next({ results: this.results, running, failed: new Set(this.failures.keys()) });
  }

  private async commandOf({ member, until }: Task): Promise<Command> {
    const config = await this.writeConfig(member);
    const output = outputOf(member);
    const more = until === undefined ? [] : ["--until", String(until)];
    const args = ["run", "--config", config, "--resume", "auto", "--backend", this.args.backend, ...more];
    appendFileSync(output, `\nvae ${args.map(shellWord).join(" ")}\n`);
    return { args, output };
  }

  private async end(task: Task, { output }: Command, { code, why }: Ending): Promise<Member> {
    const { member } = task;
    const short = (result: Result) => shortfall(task, result, why ?? said(output, code));
    let { result, problem } = await this.lookAt(member);
    const latest = performance.now() + (code === 0 && this.args.launcher.queue !== undefined ? LATE : 0);
    while (problem === undefined && short(result) !== undefined && performance.now() < latest) {
      await sleep(LOOK_EVERY);
      ({ result, problem } = await this.lookAt(member));
    }
    if (code === TRY_AGAIN && problem === undefined && short(result) !== undefined) {
      this.elsewhere.add(member);
      this.args.ended(task, result, "elsewhere");
      return member;
    }
    const stopped = this.stopped.signal.aborted && code > 128;
    const failure = problem ?? (stopped ? undefined : short(result));
    if (failure !== undefined) this.failures.set(member, failure);
    this.args.ended(task, result, { failure });
    return member;
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
