import { createHash } from "node:crypto";
import type { Split } from "../../data/dataset.ts";
import type { DataPrint, RunState, SplitPrint } from "../runs/run_state.ts";
import type { Prepared } from "./prepared.ts";

/** All of a small split; of a large one enough to tell it from others, since one image more or less moves the rest. */
const SAMPLED = 256;

/** The fingerprint of what a run trains on: `batch` images a step, `steps` of them an epoch. */
export async function printOf(
  { dataset, train, val }: Pick<Prepared, "dataset" | "train" | "val">,
  { batch, steps }: Pick<DataPrint, "batch" | "steps">,
): Promise<DataPrint> {
  const { splits } = dataset;
  const { order } = train;
  return {
    batch,
    steps,
    ...(order !== "whole" && { order }),
    train: await splitPrint(splits.train, train.size),
    val: await splitPrint(splits.val, val.size),
  };
}

/** Of a split's first `images`. */
async function splitPrint(split: Split, images: number): Promise<SplitPrint> {
  const taken = Math.min(SAMPLED, images);
  const places = Int32Array.from({ length: taken }, (_, i) => Math.floor((i * images) / taken));
  const hash = createHash("sha256");
  if (taken > 0) {
    const found = await split.read(places);
    hash.update(found.images);
    if (found.labels !== undefined)
      hash.update(new Uint8Array(found.labels.buffer, found.labels.byteOffset, found.labels.byteLength));
  }
  return { images, sha256: hash.digest("hex") };
}

/**
 * Brings the place of a checkpoint to the data and batches of now, where they are others. Whole epochs stay whole. The
 * epoch under way goes on after as many images where only the size of batches is another, since their order is the same;
 * over other images, or in an order that is drawn otherwise, it begins anew. Returns a sentence for each change;
 * `valChanged`: metrics of validation are of other images than before.
 */
export function moveTo(state: RunState, now: DataPrint): { notes: string[]; valChanged: boolean } {
  const before = state.data ?? olderPrint(state);
  state.data = now;
  if (before === undefined) return { notes: [], valChanged: false };
  const { train, val, batch: batchBefore } = before;
  const trainChanged = train !== undefined && !same(train, now.train);
  const valChanged = val !== undefined && !same(val, now.val);
  const otherBatch = batchBefore !== undefined && batchBefore !== now.batch;
  const otherLength = before.steps !== now.steps;
  const otherOrder = batchBefore !== undefined && before.order !== now.order;
  const notes: string[] = [];
  if (trainChanged || valChanged) {
    const changed = [
      ...(trainChanged ? [changeText(train, now.train, "for training")] : []),
      ...(valChanged ? [changeText(val, now.val, "for validation")] : []),
    ];
    const split = valChanged
      ? "So the split may be another: images that were trained on may now be validation images, whose metrics are then too good."
      : "The validation images are the same.";
    notes.push(`the data are others than up to step ${state.step}: ${changed.join(", ")}. ${split}`);
  }
  if (otherLength || otherBatch) {
    const [size, sizeBefore] = otherBatch ? [` of ${now.batch} images`, ` of ${batchBefore}`] : ["", ""];
    notes.push(
      `an epoch now has ${now.steps} steps${size} (before: ${before.steps}${sizeBefore}); epochs that are done stay done.`,
    );
  }
  if (otherOrder)
    notes.push(
      `data_params.shuffle: an epoch's order is now ${now.order ?? "whole"} (before: ${before.order ?? "whole"}).`,
    );
  if (state.batch >= before.steps)
    state.batch = now.steps; // whole; its end is still to be dealt with
  else if (state.batch > 0 && (trainChanged || otherOrder || (otherLength && batchBefore === undefined))) {
    notes.push(
      `epoch ${state.epoch + 1}, of which ${state.batch} of ${before.steps} steps were done, begins anew.`,
    );
    state.batch = 0;
  } else if (state.batch > 0 && otherBatch) {
    const done = state.batch * batchBefore;
    state.batch = Math.min(now.steps, Math.floor(done / now.batch));
    const from = state.batch * now.batch;
    const twice = done > from ? ` and sees ${done - from} twice` : "";
    notes.push(
      `epoch ${state.epoch + 1}, of which ${done} images were done, goes on after ${from} of them${twice}.`,
    );
  } else state.batch = Math.min(state.batch, now.steps);
  return { notes, valChanged };
}

/** What a checkpoint that says nothing of its data tells of them all the same. */
function olderPrint({ step, epoch, batch }: RunState): (Partial<DataPrint> & { steps: number }) | undefined {
  const steps = epoch > 0 ? (step - batch) / epoch : Number.NaN;
  return Number.isInteger(steps) ? { steps } : undefined;
}

const same = (a: SplitPrint, b: SplitPrint): boolean => a.images === b.images && a.sha256 === b.sha256;

const changeText = (before: SplitPrint, now: SplitPrint, what: string): string =>
  before.images === now.images
    ? `${now.images} other images ${what}, or in another order`
    : `${now.images} images ${what} (before: ${before.images})`;
