import { resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { type Batch, batchOf, type Fleet, newBatch } from "./batch.ts";
import type { Command, Ending, Launched, Launcher } from "./launcher.ts";

/** One command of a batch: a task of its job. */
export interface Task {
  readonly batch: Batch;
  readonly index: number;
}

/** What a queue says of a task: that it waits or runs, in a few words, or how it ended. */
export interface Seen {
  readonly id: string;
  readonly index: number;
  readonly standing: string;
  readonly ending?: Ending;
}

/** A queue of jobs, each with many tasks. */
export interface Driver {
  /** As `--launcher` names it. */
  readonly name: string;
  /** Tasks that a job may have. */
  readonly most: number;
  /** Submits a batch as one job. @throws UserError where the queue refuses it */
  submit(batch: Batch): Promise<void>;
  /** The tasks of this series that the queue knows. @throws UserError where it can't be asked */
  look(): Promise<readonly Seen[]>;
  /** How a task ended, where that can be told without asking the queue. */
  endingOf(task: Task): Ending | undefined;
  /** Of a task that the queue no longer knows. */
  lost(task: Task): Promise<Ending>;
  /** Has the tasks of this series end. @throws UserError as `look` */
  cancel(): Promise<void>;
}

/** Time between two looks at what tasks leave, and at the queue, in milliseconds. */
const LOOK_EVERY = 1000;
const ASK_EVERY = 10_000;
/** So often in a row a queue may not know a task until it is taken for lost. */
const MISSES = 2;

interface Watched {
  readonly task: Task;
  readonly resolve: (ending: Ending) => void;
  standing: string;
  missed: number;
}

/** A launcher whose commands wait in a queue and outlive this process. */
export function queueLauncher(
  driver: Driver,
  fleet: Fleet,
  { jobs, about }: { readonly jobs: number; readonly about: string },
): Launcher {
  const watch = new Watch(driver);
  const live = async () => {
    const found = new Map<string, Seen & { readonly task: Task }>();
    const batches = new Map<string, Batch | undefined>();
    for (const seen of await driver.look()) {
      const { id, index, ending } = seen;
      if (!batches.has(id)) batches.set(id, batchOf(fleet, driver.name, id));
      const batch = batches.get(id);
      const command = batch?.commands[index];
      if (command !== undefined && ending === undefined)
        found.set(command.output, { ...seen, task: { batch: batch!, index } });
    }
    return found;
  };
  const submit = async (commands: readonly Command[]): Promise<Launched[]> => {
    const launched: Launched[] = [];
    for (let at = 0; at < commands.length; at += driver.most) {
      const batch = await newBatch(fleet, driver.name, commands.slice(at, at + driver.most));
      await driver.submit(batch);
      launched.push(...batch.commands.map((_, index) => watch.add({ batch, index }, "waits")));
    }
    return launched;
  };
  return {
    jobs,
    about,
    queue: {
      underWay: async () => new Map([...(await live())].map(([output, { standing }]) => [output, standing])),
      async cancel() {
        const { size } = await live();
        if (size > 0) await driver.cancel();
        return size;
      },
    },
    async start(commands) {
      const there = await live();
      const found = commands.map(({ output }) => there.get(resolve(output)));
      const fresh = await submit(commands.filter((_, i) => found[i] === undefined));
      return commands.map((command, i) => {
        const before = found[i];
        if (before === undefined) return fresh.shift()!;
        const { batch, index } = before.task;
        const launched = watch.add(before.task, before.standing);
        const same = JSON.stringify(batch.commands[index]!.args) === JSON.stringify(command.args);
        return same ? launched : afterThat(launched, () => submit([command]));
      });
    },
    close: () => watch.close(),
  };
}

/** What is started when another one has ended. */
function afterThat(before: Launched, start: () => Promise<readonly Launched[]>): Launched {
  let now = before;
  const ended = before.ended.then(async () => {
    try {
      [now] = (await start()) as [Launched];
      return await now.ended;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { code: error.exitCode, why: error.message };
    }
  });
  return { ended, standing: () => now.standing(), stop: () => now.stop() };
}

/** Looks after tasks until each has ended. */
class Watch {
  private readonly tasks = new Map<string, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private asked = 0;
  private closed = false;

  constructor(private readonly driver: Driver) {}

  add(task: Task, standing: string): Launched {
    let watched!: Watched;
    const ended = new Promise<Ending>((resolve) => {
      watched = { task, resolve, standing, missed: 0 };
    });
    this.tasks.set(keyOf(task.batch.id, task.index), watched);
    this.timer ??= setTimeout(() => void this.look(), LOOK_EVERY);
    return { ended, standing: () => watched.standing, stop: () => {} };
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    for (const watched of this.tasks.values()) this.end(watched, this.driver.endingOf(watched.task));
    if (this.tasks.size > 0 && performance.now() - this.asked >= ASK_EVERY) {
      await this.ask();
      this.asked = performance.now();
    }
    this.timer = undefined;
    if (this.tasks.size > 0 && !this.closed) this.timer = setTimeout(() => void this.look(), LOOK_EVERY);
  }

  private async ask(): Promise<void> {
    const asked = [...this.tasks.values()]; // what is submitted meanwhile may not be in the answer
    let seen: Map<string, Seen>;
    try {
      seen = new Map((await this.driver.look()).map((one) => [keyOf(one.id, one.index), one]));
    } catch (error) {
      for (const watched of asked) watched.standing = `the queue can't be asked: ${(error as Error).message}`;
      return;
    }
    for (const watched of asked) {
      const { task } = watched;
      const now = seen.get(keyOf(task.batch.id, task.index));
      watched.missed = now === undefined ? watched.missed + 1 : 0;
      if (now !== undefined) watched.standing = now.standing;
      if (now?.ending !== undefined) this.end(watched, now.ending);
      if (watched.missed >= MISSES) this.end(watched, await this.driver.lost(task));
    }
  }

  private end({ task, resolve }: Watched, ending: Ending | undefined): void {
    if (ending !== undefined && this.tasks.delete(keyOf(task.batch.id, task.index))) resolve(ending);
  }
}

const keyOf = (id: string, index: number): string => `${id}/${index}`;
