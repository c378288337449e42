import type { FigureSubject } from "./figure.ts";

/** How many images are evaluated. */
export async function imagesEvaluated({ run, options }: FigureSubject): Promise<number> {
  return Math.min(options.maxImages, (await run.dataset()).splits[options.split].size);
}

/** Of a figure with a variance over images: why it can't be computed of fewer than two. */
export async function noVariance(subject: FigureSubject): Promise<string | undefined> {
  const count = await imagesEvaluated(subject);
  return count > 1 ? undefined : `needs two images or more, ${count} is evaluated`;
}
