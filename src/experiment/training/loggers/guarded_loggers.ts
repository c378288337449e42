import { UserError } from "../../../errors.ts";
import type { Logger } from "../../../loggers/logger.ts";
import { LostRun, type RunFolder } from "../../runs/run_folder.ts";
import type { ConsoleLog } from "./console.ts";

/**
 * The loggers of a run. Where one fails for a reason that the user can mend (a full disk), the console says so once, and
 * training goes on without it until it works again.
 */
export class GuardedLoggers {
  private loggers: readonly Logger[] = [];
  private readonly failed = new Set<Logger>();

  constructor(
    private readonly folder: RunFolder,
    private readonly console: ConsoleLog,
  ) {}

  open(loggers: readonly Logger[]): void {
    this.loggers = loggers;
  }

  /** @throws LostRun where another process has gone on with the run */
  each(use: (logger: Logger) => void): void {
    for (const logger of this.loggers) {
      this.folder.check(); // each time: this process may stand still between two
      try {
        use(logger);
        if (this.failed.delete(logger)) this.console.message("logged again.");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (!this.failed.has(logger)) this.console.warn(`not logged: ${error.message} Training goes on.`);
        this.failed.add(logger);
      }
    }
  }

  async close(): Promise<void> {
    const parting: (void | Promise<void>)[] = [];
    try {
      this.each((logger) => parting.push(logger.close?.()));
    } catch (error) {
      if (!(error instanceof LostRun)) throw error;
      for (const logger of this.loggers) logger.abandon?.();
    }
    for (const left of await Promise.allSettled(parting)) {
      if (left.status === "fulfilled") continue;
      if (!(left.reason instanceof UserError)) throw left.reason;
      this.console.warn(`not logged: ${left.reason.message}`);
    }
  }
}
