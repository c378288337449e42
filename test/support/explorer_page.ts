import type { Page } from "playwright-core";
import { expect } from "vitest";

/** The explorer's picture. */
export const PICTURE = ".here canvas";

/** Bytes of a canvas, RGB. */
export const bytesOf = (page: Page, selector: string, index = 0): Promise<number[]> =>
  page
    .locator(selector)
    .nth(index)
    .evaluate((element) => {
      const { width, height } = element as HTMLCanvasElement;
      const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
      context.drawImage(element as HTMLCanvasElement, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      return [...data].filter((_, i) => i % 4 < 3);
    });

/** The picture once it is another. */
export async function changed(page: Page, before: readonly number[]): Promise<number[]> {
  await expect.poll(() => bytesOf(page, PICTURE), { timeout: 20_000 }).not.toEqual(before);
  return bytesOf(page, PICTURE);
}
