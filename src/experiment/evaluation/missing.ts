import type { MetricDefinition } from "../../metrics/define.ts";
import type { EvaluationContext, EvaluationSubject } from "./context.ts";
import { tooFewFactors } from "./factors.ts";
import { setupsOf } from "./picture_setups.ts";
import { noUsableLabel } from "./usable_labels.ts";

/** How many images are evaluated. */
export async function imagesEvaluated({ run, options }: EvaluationSubject): Promise<number> {
  return Math.min(options.maxImages, (await run.dataset()).splits[options.split].size);
}

/** Why a metric can't be computed of these data, by these options; undefined where it can. */
export async function missingOf(
  metric: MetricDefinition,
  subject: EvaluationSubject,
): Promise<string | undefined> {
  return (await missingByKind(metric, subject)) ?? (await tooFewImages(metric, subject));
}

/** Why it can't be computed of this model; undefined where it can. */
export async function missingOfModel(
  metric: MetricDefinition,
  context: EvaluationContext,
): Promise<string | undefined> {
  if (metric.kind === "pictures") return undefined;
  return context.unfit({ kl: metric.kind === "posterior" && !metric.ofMeans });
}

function missingByKind(metric: MetricDefinition, subject: EvaluationSubject) {
  switch (metric.kind) {
    case "pictures":
      return setupsOf(metric, subject)
        .map((setup) => metric.missing?.(setup))
        .find((reason) => reason !== undefined);
    case "classifier":
      return noUsableLabel(subject);
    case "factors":
      return tooFewFactors(metric, subject);
    case "posterior":
      return undefined;
  }
}

async function tooFewImages({ minImages }: MetricDefinition, subject: EvaluationSubject) {
  if (minImages === undefined) return undefined;
  const count = await imagesEvaluated(subject);
  return count >= minImages ? undefined : `needs two images or more, ${count} is evaluated`;
}
