import { holderIn } from "../experiment/runs/lock_file.ts";
import { SILENCE } from "../experiment/runs/run_lock.ts";
import { lifeOf } from "../process/identity.ts";
import { textInside } from "./inside.ts";

/** What a lock tells: a process writes to the run, it ended without giving the lock back, or there is no lock. */
export type Sign = "alive" | "dead" | "free";

/**
 * Whether the run of a lock is being written to. Of a holder on this machine the system says so; another one's lock is
 * looked at again and again: it is dead when it is unchanged for 15 s by the looks of this process, and no clock.
 */
export class LockWatch {
  private seen: { text: string; since: number } | undefined;

  constructor(
    private readonly root: string,
    private readonly file: string,
  ) {}

  async look(): Promise<Sign> {
    const text = await textInside(this.root, this.file);
    if (text === undefined) {
      this.seen = undefined;
      return "free";
    }
    const holder = holderIn(text);
    const life = holder === undefined ? "unknown" : lifeOf(holder);
    if (life !== "unknown") return life === "runs" ? "alive" : "dead";
    const now = performance.now();
    if (this.seen?.text !== text) this.seen = { text, since: now };
    return now - this.seen.since < SILENCE ? "alive" : "dead";
  }
}
