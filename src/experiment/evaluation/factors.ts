import type { FactorMetric, Values } from "../../metrics/define.ts";
import { type LabelledMeans, selectFactors, unitsOf } from "../../metrics/labelled_means.ts";
import type { Warn } from "../../metrics/linear_classifier.ts";
import type { EvaluationContext, EvaluationSubject } from "./context.ts";
import { evaluatedMeans } from "./posterior_pass.ts";
import { trainingMeans } from "./training_means.ts";
import { unusableLabels } from "./usable_labels.ts";

/** Why a metric of known factors can't be computed of these images; undefined where it can. */
export async function tooFewFactors(
  metric: FactorMetric,
  subject: EvaluationSubject,
): Promise<string | undefined> {
  const { factors, name } = await subject.run.dataset();
  if (!factors) return `needs images made from known factors, ${name}'s are not`;
  const found = await unusableLabels(subject, metric);
  const usable = found.filter((reason) => reason === undefined).length;
  if (usable >= metric.factors) return undefined;
  const why = found.find((reason) => reason !== undefined)!;
  return metric.factors === 1
    ? why
    : `needs ${metric.factors} factors or more, there ${usable === 1 ? "is" : "are"} ${usable}: ${why}`;
}

/** The numbers of a metric of known factors, of those factors that can be used. */
export async function ofFactors(context: EvaluationContext, metric: FactorMetric): Promise<Values> {
  const { name, trains, dims } = metric;
  const found = await unusableLabels(context, metric);
  const { labelNames } = await context.run.dataset();
  const left = labelNames.filter((_, f) => found[f] !== undefined);
  if (left.length > 0)
    context.notes.push(`${name}: without ${left.join(", ")}, too much the same in these images`);
  const chosen = [...labelNames.keys()].filter((f) => found[f] === undefined);
  const test = selectFactors(await evaluatedMeans(context), chosen);
  const training = trains ? [await trainingMeans(context)] : [];
  if (!allFinite(context, name, test, ...training)) return {};
  const units = unitsOf(test).length;
  if (units < dims) {
    context.leftOut[name] = `needs ${dims} dimensions of z or more, there is ${units}`;
    return {};
  }
  return metric.compute({
    test,
    train: async () => selectFactors(await trainingMeans(context), chosen),
    rng: context.rng.fold(name),
    warn: warnOnce(context, name),
  });
}

/** Whether means are what a metric can be computed of; leaves it out where a model that has diverged made them. */
export function allFinite(
  { leftOut }: EvaluationContext,
  name: string,
  ...latents: readonly LabelledMeans[]
): boolean {
  const finite = latents.every(({ means }) => means.every(Number.isFinite));
  if (!finite) leftOut[name] = "needs a finite z of every image, this model's is not";
  return finite;
}

export function warnOnce({ notes }: EvaluationContext, name: string): Warn {
  return (text) => {
    const note = `${name}: ${text}`;
    if (!notes.includes(note)) notes.push(note);
  };
}
