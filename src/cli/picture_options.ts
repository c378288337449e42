import type { Command } from "commander";
import { labelOption, scaleOption } from "./options.ts";
import { addOut, type OutOptions } from "./outputs.ts";
import { addRunOptions, type RunOptions } from "./with_run.ts";

/** Options of every command that draws a picture by a trained run. */
export interface PictureOptions extends RunOptions, OutOptions {
  readonly label?: readonly string[];
  readonly scale?: number;
}

/** Adds them; `label` says whose labels `--label` gives, and `standard` is the file where none is named. */
export function addPictureOptions(command: Command, standard: string, label: string): Command {
  command.addOption(labelOption(label)).addOption(scaleOption());
  addOut(command, standard);
  return addRunOptions(command);
}
