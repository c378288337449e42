import type { Dataset } from "../../data/dataset.ts";
import { type SplitName, someOf } from "../trained/open_trained.ts";

/** How many images have each value of a label. */
export type ValueCounts = ReadonlyMap<number, number>;

/** Examples read at a time: their images come along. */
const BATCH = 256;

const known = new WeakMap<Dataset, Map<string, Promise<ValueCounts[]>>>();

/** Of each label, over `limit` images from all over a split (all, where it has fewer). */
export function labelValues(dataset: Dataset, split: SplitName, limit: number): Promise<ValueCounts[]> {
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
