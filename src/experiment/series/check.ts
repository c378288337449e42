import { composeSchema } from "../../config/compose.ts";
import { textsOf } from "../../config/marks.ts";
import type { Dataset } from "../../data/dataset.ts";
import { ConfigError, UserError } from "../../errors.ts";
import { loadFrozenNetwork } from "../../features/load_network.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { loadLpips } from "../../metrics/lpips.ts";
import { comparedLayers } from "../../metrics/perceptual.ts";
import { figureNamed } from "../evaluation/evaluate_run.ts";
import type { FigureSubject } from "../evaluation/figure.ts";
import { disposeModel, prepare } from "../training/prepare.ts";
import type { Experiment, Member } from "./load.ts";

/** What names the networks that judge, for messages. */
const KEYS = {
  network: "evaluation.network",
  weights: "evaluation.network.weights",
  layers: "evaluation.network",
};
const LPIPS_KEYS = {
  network: "evaluation.lpips",
  weights: "evaluation.lpips.backbone",
  layers: "evaluation.lpips",
};

/**
 * Makes all that the experiment needs once, on the backend in use, before anything is trained: each run's data, model
 * and feature network, the networks that judge, and whether each figure can be computed of these images. Returns
 * sentences for the user.
 *
 * @throws UserError for the first thing that is missing or doesn't fit
 */
export async function checkExperiment(
  experiment: Experiment,
  progress?: (what: string, done: number, total: number) => void,
): Promise<string[]> {
  const { file, options, members, runs, figures } = experiment;
  for (const [i, run] of runs.entries()) {
    const member = members.find((m) => m.run === run)!;
    const dataset = await made(experiment, member, progress);
    try {
      if (i > 0) continue;
      const { imageShape } = dataset;
      await checkJudges(experiment, imageShape);
      const subject: FigureSubject = { run: { imageShape, dataset: async () => dataset }, options };
      for (const name of figures) {
        const reason = await figureNamed(name).missing?.(subject);
        if (reason !== undefined)
          throw new ConfigError(
            `${file} evaluation.figures: ${name} ${reason.replace(/--lpips .*/, "evaluation.lpips: {variant, backbone, heads}")}. Take it out, or give what it needs.`,
          );
      }
      const { size } = dataset.splits[options.split];
      if (size < 2)
        throw new ConfigError(
          `${file} evaluation.split: expected images in ${options.split}, got ${size}. Choose another.`,
        );
    } finally {
      await dataset.close();
    }
  }
  const partial = runs.filter((run) => judged(members.find((m) => m.run === run)!, options.network.name));
  if (partial.length === 0) return [];
  return [
    `evaluation.network: ${options.network.name} is also what ${partial.join(" and ")} learned by: no impartial judge`,
  ];
}

/** Opens a member's data and builds its model, which is freed again. */
async function made(
  { baseDir, file }: Experiment,
  { config, model, dataset: data, run }: Member,
  progress?: (what: string, done: number, total: number) => void,
): Promise<Dataset> {
  try {
    const args = { config, baseDir, cacheDir: cacheDir("data"), ...(progress && { progress }) };
    const { vae, optimizers, dataset } = await prepare({ ...args, model, dataset: data });
    disposeModel(vae);
    for (const optimizer of optimizers.values()) optimizer.dispose();
    return dataset;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [, key] = /^((?:data|model)_params\.[\w.]+): /.exec(error.message) ?? [];
    const remedy = key === undefined ? "" : ` For all runs: --set shared.${key}=…`;
    throw new ConfigError(`${file} runs.${run}: ${error.message}${remedy}`, { cause: error });
  }
}

/** Whether a member learned by this network: whether a key of its model's that names networks names it. */
function judged({ config, model, dataset }: Member, network: string): boolean {
  const names = textsOf(composeSchema(model, dataset), config, ({ registry }) => registry === "networks");
  return names.some(({ text }) => text === network);
}

/** Loads the networks of the figures asked for, and frees them. */
async function checkJudges(
  { figures, options, file }: Experiment,
  imageShape: readonly [number, number, number],
): Promise<void> {
  const { network, lpips, baseDir } = options;
  const named = async (key: "network" | "lpips", load: () => Promise<{ dispose(): void }>) => {
    try {
      (await load()).dispose();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { message } = error;
      const path = `evaluation.${key}`;
      throw new ConfigError(`${file}: ${message.startsWith(path) ? message : `${path}: ${message}`}`, {
        cause: error,
      });
    }
  };
  if (figures.includes("perceptual") || figures.includes("frechet")) {
    const layers = comparedLayers(network.name);
    await named("network", () => loadFrozenNetwork(network, layers, { imageShape, baseDir, keys: KEYS }));
  }
  if (figures.includes("lpips") && lpips !== undefined)
    await named("lpips", () => loadLpips(lpips, imageShape, LPIPS_KEYS));
}
