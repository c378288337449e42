import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { shellWord } from "../../text/shell.ts";
import { encodeCheckpoint } from "../runs/checkpoint.ts";
import { saveCheckpoint } from "../runs/checkpoint_files.ts";
import { LAST } from "../runs/run_files.ts";
import { LostRun } from "../runs/run_folder.ts";
import type { Best } from "../runs/run_state.ts";
import { isFirstRank, type RunContext } from "./run_context.ts";
import type { Start } from "./start.ts";

/** Writes the checkpoints of a run. Where one can't be written it says so, and training goes on. */
export class Saver {
  /** Where the last checkpoint stands; undefined: there is none. */
  private saved: Start["saved"];
  /** The best validation before this one, where the state is the best so far and not saved as such yet. */
  private beaten: { readonly best: Best | undefined } | undefined;
  /** Why the last checkpoint could not be written. */
  private unsaved: UserError | undefined;

  constructor(
    private readonly run: RunContext,
    saved: Start["saved"],
  ) {
    this.saved = saved;
  }

  /** Step of the last checkpoint; undefined: there is none. */
  get step(): number | undefined {
    return this.saved?.step;
  }

  /** The state is the best so far: its next checkpoint is the best one. */
  takeBest(best: Best): void {
    const { state } = this.run;
    this.beaten = { best: state.best };
    state.best = best;
  }

  /** Writes a checkpoint, unless the last one is of this state. No step may be under way. */
  async save(): Promise<void> {
    const { state, log, args, callbacks } = this.run;
    const isNew = state.step !== this.saved?.step || state.ended !== this.saved.ended;
    if (!isNew && this.beaten === undefined) return;
    if (!isFirstRank(args)) {
      this.saved = { ...state };
      return;
    }
    try {
      await this.write();
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof LostRun) throw error;
      this.unsaved = error;
      if (this.beaten !== undefined) state.best = this.beaten.best; // a later state must not pass for it
      this.beaten = undefined;
      log.warn(`not saved at step ${state.step}: ${error.message} Training goes on. ${this.lastSaved()}`);
      return;
    }
    if (this.unsaved !== undefined) log.message(`saved again, at step ${state.step}`);
    this.unsaved = undefined;
    this.saved = { ...state };
    const isBest = this.beaten !== undefined;
    this.beaten = undefined;
    const file = join(args.folder.checkpoints, LAST);
    await callbacks.checkpoint({ file, isBest });
  }

  private async write(): Promise<void> {
    const { state, args, log, stepper, callbacks } = this.run;
    const { config, folder, prepared } = args;
    const { model, vae, optimizers, average } = prepared;
    stepper.syncVariables();
    const saved = callbacks.saved();
    if (saved !== undefined) state.callbacks = saved;
    const bytes = encodeCheckpoint(model.name, vae, optimizers, state, average);
    if (folder.hold()) {
      log.warn(`${folder.path} was deleted while training: made anew, with what is known of it`);
      await log.renew();
    }
    await log.flush(); // before: a checkpoint whose rows are not on the disk would lack them for good
    await saveCheckpoint(folder.checkpoints, bytes, {
      step: state.step,
      best: this.beaten !== undefined,
      keepLast: config.trainer_params.checkpoint?.keep_last ?? 0,
      check: folder.check,
    });
    folder.saved();
  }

  /** @throws UserError where the last checkpoint that was due could not be written */
  checkSaved(): void {
    if (this.unsaved === undefined) return;
    const { state, args } = this.run;
    throw new UserError(
      `the run ends at step ${state.step}, which is not saved: ${this.unsaved.message} ${this.lastSaved()} ` +
        `To train from there: vae run --resume ${shellWord(args.folder.path)}`,
      { cause: this.unsaved },
    );
  }

  private lastSaved(): string {
    return this.step === undefined
      ? "There is no checkpoint yet."
      : `The last checkpoint is of step ${this.step}.`;
  }
}
