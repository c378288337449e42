import { join } from "node:path";
import { expect, it } from "vitest";
import { folder } from "../support/configs.ts";
import { firefoxPath, openFirefox } from "../support/firefox.ts";
import { makeRun } from "../support/made_runs.ts";
import { serve } from "../support/ui.ts";

it.skipIf(firefoxPath() === undefined)(
  "the page shows runs, curves and new runs in Firefox, without a fault",
  async () => {
    const root = folder({ ".keep": "" });
    for (const [i, lr] of [0.001, 0.01].entries()) makeRun(join(root, `A/version_${i}`), { rows: 3000, lr });
    const ui = await serve(root);
    const page = await openFirefox(firefoxPath()!);
    try {
      await page.goto(ui.url);
      const shown = () =>
        page.evaluate(
          `[crossOriginIsolated, document.querySelectorAll("tbody tr").length, document.querySelectorAll(".chart canvas").length, document.querySelector(".live").textContent]`,
        );
      await expect.poll(shown, { timeout: 30_000 }).toEqual([true, 2, 6, "Live"]);
      makeRun(join(root, "A/version_2"), { rows: 30 });
      await expect.poll(shown, { timeout: 30_000 }).toEqual([true, 3, 6, "Live"]);
      const far = `performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => !name.startsWith(location.origin))`;
      expect(await page.evaluate(far)).toEqual([]);
      expect(page.said.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
    } finally {
      await page.close();
    }
  },
);
