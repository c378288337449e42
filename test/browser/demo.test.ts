import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { chromiumPath, openChromium } from "../support/chromium.ts";

const DEMO = pathToFileURL(fileURLToPath(new URL("../../docs/demo/index.html", import.meta.url))).href;

it.skipIf(chromiumPath() === undefined)(
  "docs/demo opens from a disk: a picture, and another by a slider",
  async () => {
    const browser = (await openChromium())!;
    try {
      const page = await browser.newPage();
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(error.message));
      page.on("request", (request) => {
        if (!/^(file|blob|data):/.test(request.url())) wrong.push(request.url());
      });
      await page.goto(DEMO);
      const picture = () =>
        page.locator(".here canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
      await page.locator(".here [data-took]").waitFor();
      const first = await picture();
      const slider = page.locator("input[type=range]").first();
      await slider.fill(await slider.evaluate((input) => (input as HTMLInputElement).max));
      await expect.poll(picture).not.toBe(first);
      expect(wrong).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
