/**
 * Where the members of a series are trained. Each is a `vae run` of its own, which goes on from its last checkpoint and
 * saves at a signal, so that a launcher needs to know nothing of training: it starts a command and says how it ended.
 */
export interface Launcher {
  /** Commands that may run at once. */
  readonly jobs: number;
  /** Where they run and what each gets: half a sentence. */
  readonly about: string;
  /**
   * Starts `vae` with these arguments.
   *
   * @param output file that takes what it says, after what is there
   */
  start(args: readonly string[], output: string): Launched;
}

/** A command under way. */
export interface Launched {
  /** Its exit code, once it has ended; of one that could not be started, or was killed, another than 0. Never rejects. */
  readonly ended: Promise<number>;
  /** Asks it to save and end; a second time: to end at once. */
  stop(): void;
}
