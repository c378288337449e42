import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import type { Evaluation } from "../experiment/evaluation/evaluate_run.ts";
import { list } from "../experiment/runs/find_runs.ts";
import { runFiles } from "../experiment/runs/run_files.ts";
import { summarize } from "../experiment/runs/summary.ts";
import type { OpenRun } from "../experiment/trained/open_trained.ts";
import { fittedStates } from "../experiment/trained/sampler_files.ts";
import { modelCard } from "./model_card.ts";
import { withoutPlaces } from "./without_places.ts";

/**
 * What a run is on the hub, by path: the folder of a run again, with one checkpoint, its metrics, the samplers that were fitted
 * to it, its newest pictures, and a model card. The config is without what is the business of this machine: of
 * file names the last part is left.
 */
export function hubFiles(
  run: OpenRun,
  { repo, license }: { readonly repo: string; readonly license?: string | undefined },
): Record<string, Uint8Array | string> {
  const files = runFiles(run.runDir);
  const config = stringify(withoutPlaces(run.config), { version: "1.2", schema: "core", lineWidth: 0 });
  const pictures = [
    [
      "images, each with its reconstruction to the right",
      files.reconstructions,
      "images/reconstructions.png",
    ],
    ["samples", files.samples, "images/samples.png"],
    ["one dimension of z at a time", files.traversals, "images/traversals.png"],
  ].flatMap(([what, folder, path]) => {
    const newest = list(folder!)
      .filter((name) => name.endsWith(".png"))
      .sort()
      .at(-1);
    return newest === undefined
      ? []
      : [{ what: what!, path: path!, bytes: readFileSync(join(folder!, newest)) }];
  });
  const samplers = fittedStates(run).map(({ record }) => record.sampler);
  const evaluation = evaluationOf(files.evaluation);
  const card = modelCard(run, {
    repo,
    license,
    config,
    metrics: evaluation?.metrics ?? summarize(run.runDir).last,
    measured:
      evaluation === undefined
        ? "the validation images, at the end of training"
        : `the split ${evaluation.split}`,
    pictures: Object.fromEntries(pictures.map(({ what, path }) => [what, path])),
    samplers,
  });
  const copied = [files.metrics, files.evaluation].filter((file) => existsSync(file));
  return {
    "README.md": card,
    "config.yaml": config,
    [`checkpoints/${basename(run.checkpoint)}`]: readFileSync(run.checkpoint),
    ...Object.fromEntries(copied.map((file) => [basename(file), readFileSync(file)])),
    ...Object.fromEntries(
      samplers.map((name) => {
        const file = join(files.samplers, `${name}.safetensors`);
        return [`samplers/${basename(file)}`, readFileSync(file)];
      }),
    ),
    ...Object.fromEntries(pictures.map(({ path, bytes }) => [path, bytes])),
  };
}

/** What `vae evaluate` wrote; undefined: nothing that can be read. */
function evaluationOf(file: string): { split: string; metrics: Record<string, number> } | undefined {
  try {
    const { split, figures } = JSON.parse(readFileSync(file, "utf8")) as Evaluation;
    const numbers = Object.entries(figures).filter(([, value]) => typeof value === "number");
    return { split, metrics: Object.fromEntries(numbers) as Record<string, number> };
  } catch {
    return undefined;
  }
}
