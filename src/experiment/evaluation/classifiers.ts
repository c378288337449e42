import type { ClassifierMetric, Values } from "../../metrics/define.ts";
import { accuracy, factor } from "../../metrics/labelled_means.ts";
import type { EvaluationContext } from "./context.ts";
import { allFinite, warnOnce } from "./factors.ts";
import { evaluatedMeans } from "./posterior_pass.ts";
import { trainingMeans } from "./training_means.ts";
import { unusableLabels } from "./usable_labels.ts";

/** A classifier's accuracy on the images evaluated, of each label and their mean. */
export async function classify(
  context: EvaluationContext,
  { name, train }: ClassifierMetric,
): Promise<Values> {
  const [seen, test] = [await trainingMeans(context), await evaluatedMeans(context)];
  if (!allFinite(context, name, test, seen)) return {};
  const { labelNames } = await context.run.dataset();
  const found = await unusableLabels(context, { trains: true });
  const scores = labelNames.flatMap((label, f) => {
    const reason = found[f];
    if (reason !== undefined) {
      context.leftOut[`${name}_${label}`] = reason;
      return [];
    }
    const warn = warnOnce(context, `${name}_${label}`);
    const classes = train({ data: seen.means, dims: seen.dims }, factor(seen, f), { warn });
    const named = classes({ data: test.means, dims: test.dims });
    return [[`${name}_${label}`, accuracy(named, factor(test, f))] as const];
  });
  const mean = scores.reduce((sum, [, score]) => sum + score, 0) / scores.length;
  return labelNames.length === 1 ? { [name]: mean } : { [name]: mean, ...Object.fromEntries(scores) };
}
