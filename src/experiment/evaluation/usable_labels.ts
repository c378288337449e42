import type { Dataset } from "../../data/dataset.ts";
import { type SplitName, someOf } from "../trained/open_trained.ts";
import type { EvaluationSubject } from "./context.ts";
import { TRAINING_IMAGES } from "./training_means.ts";

/** How many images have each value of a label. */
type ValueCounts = ReadonlyMap<number, number>;

/** Examples read at a time: their images come along. */
const BATCH = 256;

const known = new WeakMap<Dataset, Map<string, Promise<ValueCounts[]>>>();

/** Of each label, over `limit` images from all over a split (all, where it has fewer). */
function labelValues(dataset: Dataset, split: SplitName, limit: number): Promise<ValueCounts[]> {
  const found = known.get(dataset) ?? new Map<string, Promise<ValueCounts[]>>();
  known.set(dataset, found);
  const key = `${split} ${limit}`;
  const counts = found.get(key) ?? count(dataset, split, limit);
  found.set(key, counts);
  return counts;
}

async function count({ splits, labelNames }: Dataset, split: SplitName, limit: number) {
  const counts = labelNames.map(() => new Map<number, number>());
  const images = someOf(splits[split], limit);
  for (let at = 0; at < images.size; at += BATCH) {
    const length = Math.min(BATCH, images.size - at);
    const { labels = [] } = await images.read(Array.from({ length }, (_, i) => at + i));
    for (const [k, value] of labels.entries()) {
      const of = counts[k % labelNames.length]!;
      of.set(value, (of.get(value) ?? 0) + 1);
    }
  }
  return counts;
}

/** What a metric wants of a label. */
interface LabelWants {
  /** Whether it trains on training images. */
  readonly trains: boolean;
  /** Whether it wants images with the same value. */
  readonly pairs?: boolean;
}

/** Why each of the data set's labels can't be used; undefined where it can. */
export async function unusableLabels(
  { run, options }: EvaluationSubject,
  wants: LabelWants,
): Promise<(string | undefined)[]> {
  const dataset = await run.dataset();
  const evaluated = await labelValues(dataset, options.split, options.maxImages);
  const training = wants.trains ? await labelValues(dataset, "train", TRAINING_IMAGES) : undefined;
  const hint = dataset.labelHint === undefined ? "" : `, ${dataset.labelHint}`;
  const oneValue = (counts: ValueCounts, label: string, what: string) => {
    const [[value, images] = [], ...others] = counts;
    return others.length > 0
      ? undefined
      : `needs two values or more of ${label}, the ${what} (${images}) all have ${value}${hint}`;
  };
  return dataset.labelNames.map((label, f) => {
    const few =
      (training && oneValue(training[f]!, label, "training images")) ??
      oneValue(evaluated[f]!, label, "images evaluated");
    if (few !== undefined) return few;
    if (wants.pairs && [...evaluated[f]!.values()].every((images) => images < 2))
      return `needs images with the same value of ${label}, no two of those evaluated have`;
    return undefined;
  });
}

/** Why no label can be used to train a classifier; undefined where one can. */
export async function noUsableLabel(subject: EvaluationSubject): Promise<string | undefined> {
  const { labelNames, name, labelRemedy } = await subject.run.dataset();
  if (labelNames.length === 0)
    return `needs labels, ${name} has none${labelRemedy === undefined ? "" : `; --set ${labelRemedy}`}`;
  const found = await unusableLabels(subject, { trains: true });
  return found.includes(undefined) ? undefined : found[0];
}
