import type { Dataset } from "../../data/dataset.ts";
import { ConfigError, UserError } from "../../errors.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { metricNamed } from "../../metrics/registry.ts";
import { disposeModel } from "../../models/dispose_model.ts";
import type { EvaluationSubject } from "../evaluation/context.ts";
import { missingOf } from "../evaluation/missing.ts";
import { setupsOf } from "../evaluation/picture_setups.ts";
import { checkMonitor, validates } from "../training/monitor.ts";
import { prepare } from "../training/prepare.ts";
import type { Prepared } from "../training/prepared.ts";
import type { Experiment } from "./experiment.ts";
import { IMPARTIAL, learnedBy, networkIn } from "./learned_by.ts";
import type { Member, Series } from "./members.ts";

/**
 * Makes all that the experiment needs once, on the backend in use, before anything is trained: each run's data, model
 * and feature network, the networks that judge, and whether each metric can be computed of these images; of a run whose
 * values are searched, its first trial's. Returns sentences for the user.
 *
 * @throws UserError for the first thing that is missing or doesn't fit
 */
export async function checkExperiment(
  experiment: Experiment,
  progress?: (what: string, done: number, total: number) => void,
): Promise<string[]> {
  const { members, runs, options, search } = experiment;
  const first = (run: string) => {
    const [trial] = search?.trials.get(run) ?? [];
    return trial ? search!.members.find((m) => m.run === trial.name)! : members.find((m) => m.run === run)!;
  };
  for (const [i, run] of runs.entries()) {
    const member = first(run);
    const dataset = await made(experiment, member, progress);
    try {
      if (i === 0) await checkMetrics(experiment, dataset);
    } finally {
      await dataset.close();
    }
  }
  const notes =
    search !== undefined && options.split === search.options.split
      ? [`evaluation.split: by ${options.split} the values were chosen too: no impartial test`]
      : [];
  for (const { name } of options.networks) {
    const partial = runs.filter((run) => learnedBy([first(run)], name));
    if (partial.length > 0)
      notes.push(
        `evaluation.network: ${name} is also what ${partial.join(" and ")} learned by: no impartial judge`,
      );
    const chosen = partial.filter((run) => networkIn(search?.metricOf.get(run) ?? "", options) === name);
    if (chosen.length > 0)
      notes.push(
        `search.metric: by ${name}, which they learn by, the values of ${chosen.join(" and ")} are chosen: no fair rule. ` +
          `With ${IMPARTIAL} in place of its name it is another of evaluation.network`,
      );
  }
  return notes;
}

/**
 * Makes what the first of a sweep's runs needs, before any is trained: its data, model and networks, and whether there
 * is such a metric. What is wrong with another's model shows when that is trained.
 *
 * @throws UserError for the first thing that is missing or doesn't fit
 */
export async function checkFirst(
  series: Series,
  progress?: (what: string, done: number, total: number) => void,
): Promise<void> {
  const [member] = series.members as [Member];
  const look = async (prepared: Prepared) => {
    if (!validates(prepared, member.config))
      throw new ConfigError(
        "expected images for validation, by which the runs of a sweep are compared, got none. Keep some: data_params, trainer_params.limit_val_batches.",
      );
    await checkMonitor(prepared, member.config);
  };
  await (await made(series, member, progress, look)).close();
}

/** Loads the networks that judge, which are freed again, and asks whether each metric can be computed of the images. */
async function checkMetrics({ file, options, metrics, search }: Experiment, dataset: Dataset): Promise<void> {
  const { imageShape, splits } = dataset;
  const subject: EvaluationSubject = { run: { imageShape, dataset: async () => dataset }, options };
  for (const metric of metrics.map(metricNamed)) {
    const reason = await missingOf(metric, subject);
    if (reason !== undefined)
      throw new ConfigError(
        `${file} evaluation.metrics: ${metric.name} ${reason}. Take it out, or give what it needs.`,
      );
    if (metric.kind === "pictures" && metric.judge !== undefined) {
      try {
        for (const setup of setupsOf(metric, subject)) (await metric.open(setup)).dispose?.();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const path = `evaluation.${metric.judge}`;
        const { message } = error;
        throw new ConfigError(`${file}: ${message.startsWith(path) ? message : `${path}: ${message}`}`, {
          cause: error,
        });
      }
    }
  }
  const { size } = splits[options.split];
  if (size < 2)
    throw new ConfigError(
      `${file} evaluation.split: expected images in ${options.split}, got ${size}. Choose another.`,
    );
  if (search !== undefined && splits.val.size < 2)
    throw new ConfigError(
      `${file} search: expected images in val, by which values are chosen, got ${splits.val.size}. Keep some: data_params`,
    );
}

/** Opens a member's data and builds its model, which is freed again. */
async function made(
  { baseDir, file }: Series,
  { config, model, dataset: data, run }: Member,
  progress?: (what: string, done: number, total: number) => void,
  look?: (prepared: Prepared) => Promise<void>,
): Promise<Dataset> {
  try {
    const args = { config, baseDir, cacheDir: cacheDir("data"), ...(progress && { progress }) };
    const prepared = await prepare({ ...args, model, dataset: data });
    const { vae, optimizers, dataset } = prepared;
    await look?.(prepared);
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
