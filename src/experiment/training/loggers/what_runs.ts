import { shellWord } from "../../../text/shell.ts";
import { type Change, changeText } from "../../runs/config_history.ts";
import { parameterCount } from "./environment.ts";
import type { RunLogArgs } from "./run_log_args.ts";
import { shownPath, whereThingsAre } from "./where_things_are.ts";

/** What is trained, on what, by what and how far, a line each; `label` sets off the word in front. */
export function whatRuns(
  { config, prepared, backend, folder, resume, state, totalSteps, stepsPerEpoch }: RunLogArgs,
  settings: readonly Change[],
  label: (text: string) => string,
): string {
  const { dataset, train, val, model, vae } = prepared;
  const count = (n: number) => n.toLocaleString("en");
  const resumed = resume ? `, resumed at step ${count(state.step)}` : "";
  const lines = [
    `${label("model")}  ${model.name}, ${count(parameterCount(vae))} parameters`,
    `${label("data")}   ${dataset.name}: ${count(train.size)} training and ${count(val.size)} validation images of ${dataset.imageShape.join("x")}; ${dataset.splitNote}`,
    `${label("on")}     ${backend.library} ${backend.version}, ${backend.device}`,
    `${label("run")}    ${shownPath(folder.path)}${resumed}: ${count(totalSteps)} steps, ${count(stepsPerEpoch)} an epoch`,
  ];
  for (const change of settings) lines.push(`${label("new")}    ${changeText(change)}`);
  const { skipped, notes = [] } = dataset;
  if (skipped.length > 0) lines.push(`note   ${skipped.length} images skipped, the first: ${skipped[0]}`);
  lines.push(...notes.map((note) => `note   ${note}`));
  if (prepared.average !== undefined)
    lines.push(
      "note   validation, pictures and the best checkpoint are of averaged weights (trainer_params.ema)",
    );
  if (val.size === 0)
    lines.push(
      "note   no images for validation: no metrics of it, no reconstructions and no best checkpoint",
    );
  else if (config.trainer_params.limit_val_batches === 0)
    lines.push(
      "note   trainer_params.limit_val_batches is 0: no metrics of validation and no best checkpoint",
    );
  return lines.join("\n");
}

/** That a run stopped before its last epoch: why, and the patience that it had. */
export interface StoppedEarly {
  readonly why: string;
  readonly patience: number;
}

/** That there is nothing to train, what is where, and how to train on. */
export function hadFinished({ folder, state, config, epochs }: RunLogArgs, stopped?: StoppedEarly): string {
  const { max_epochs, max_steps } = config.trainer_params;
  const reached = [
    ...(stopped ? [`early_stopping.patience=${2 * stopped.patience}`] : []),
    ...(max_steps !== undefined && state.step >= max_steps ? [`max_steps=${2 * max_steps}`] : []),
    ...((max_epochs ?? epochs) <= state.epoch ? [`max_epochs=${2 * epochs}`] : []),
  ].map((value) => `--set trainer_params.${value}`);
  const run = shellWord(shownPath(folder.path));
  const why = stopped ? `: ${stopped.why}` : "";
  const after = `${state.epoch} epoch${state.epoch === 1 ? "" : "s"}`;
  return [
    `${run} had ${stopped ? "stopped early" : "finished"}, at step ${state.step} in ${after}${why}; nothing was trained. To train on: ` +
      `vae run --resume ${run} ${reached.join(" ")}`,
    ...whereThingsAre({ folder, config }),
  ].join("\n");
}
