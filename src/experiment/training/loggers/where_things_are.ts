import { existsSync, readdirSync } from "node:fs";
import { relative } from "node:path";
import { shellWord } from "../../../text/shell.ts";
import { BEST, LAST } from "../../runs/run_files.ts";
import type { RunLogArgs } from "./run_log_args.ts";

/** A line for each kind of thing that is in a run's folder. */
export function whereThingsAre({ folder, config }: Pick<RunLogArgs, "folder" | "config">): string[] {
  const files = (path: string) => (existsSync(path) ? readdirSync(path) : []);
  const { samples, fittedSamples, reconstructions, traversals } = folder;
  const pictures = [samples, fittedSamples, reconstructions, traversals].filter(
    (path) => files(path).length > 0,
  );
  const there = files(folder.checkpoints);
  const checkpoints = [...(there.includes(LAST) ? ["last"] : []), ...(there.includes(BEST) ? ["best"] : [])];
  const lines: [what: string, where: string][] = [
    ["pictures", pictures.map((path) => `${shownPath(path)}/`).join(", ")],
    [
      "checkpoints",
      checkpoints.length > 0 ? `${shownPath(folder.checkpoints)}/ (${checkpoints.join(", ")})` : "",
    ],
    ["metrics", existsSync(folder.metrics) ? shownPath(folder.metrics) : ""],
    ["browser", `vae ui ${shellWord(shownPath(config.logging_params.save_dir))}`],
    [
      "TensorBoard",
      files(folder.path).some((name) => name.startsWith("events.out.tfevents"))
        ? `pip install tensorboard; tensorboard --logdir ${shellWord(shownPath(config.logging_params.save_dir))}`
        : "",
    ],
  ];
  return lines.flatMap(([what, where]) => (where === "" ? [] : [`  ${what.padEnd(11)}  ${where}`]));
}

/** A path as the user would type it from here. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near || ".";
}
