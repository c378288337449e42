/** A `vae run` to be started: the training of one member. */
export interface Command {
  /** What follows `vae`. */
  readonly args: readonly string[];
  /** File that takes what it says, after what is there; no two commands of a series have the same. */
  readonly output: string;
}

/**
 * Where the members of a series are trained. Each is a `vae run` of its own, which goes on from its last checkpoint and
 * saves at a signal, so that a launcher needs to know nothing of training: it starts commands and says how they ended.
 */
export interface Launcher {
  /** Tasks that may be under way at once. */
  readonly jobs: number;
  /** Where they run and what each gets: half a sentence. */
  readonly about: string;
  /** What of it goes on when this process ends, and how to stop that; undefined of a launcher whose commands end with it. */
  readonly queue?: Queue;
  /**
   * Starts `vae` with each command's arguments, all together; where one that an earlier process has started is still under
   * way, that one is taken for it.
   *
   * @returns one for each, in their order
   * @throws UserError where nothing can be started
   */
  start(commands: readonly Command[]): Promise<readonly Launched[]>;
  /** Looks no longer after what it started, where that outlives this process. */
  close(): void;
}

/** Tasks that outlive the process that started them. */
export interface Queue {
  /** Those of this series that wait or run, by their output. @throws UserError where the queue can't be asked */
  underWay(): Promise<ReadonlyMap<string, string>>;
  /** Has all of them save and end, and those that wait never start. Returns how many. @throws UserError as `underWay` */
  cancel(): Promise<number>;
}

export interface Ending {
  /** Exit code; of one that could not be started, or was killed, another than 0. */
  readonly code: number;
  /** Where a queue ended it: what it says of that, and what helps. */
  readonly why?: string | undefined;
}

/** A command under way. */
export interface Launched {
  /** Once it has ended. Never rejects. */
  readonly ended: Promise<Ending>;
  /** What a queue says of it, such as that it waits; "" where there is nothing to say. */
  standing(): string;
  /** Asks it to save and end; a second time: to end at once. Nothing where it outlives this process. */
  stop(): void;
}
