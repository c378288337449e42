/**
 * The pictures of docs/ui.md, of the runs in a folder: `npx tsx scripts/ui_pictures.ts logs [RUN]`; RUN is the id of the one
 * whose own page is shown. The runs are better of different kinds, and one of them under way.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { pageFolder } from "../src/ui/page_folder.ts";
import { startUi } from "../src/ui/server.ts";
import { openChromium } from "../test/support/chromium.ts";

const [folder = "logs", run = "VanillaVAE/version_0"] = process.argv.slice(2);
const out = fileURLToPath(new URL("../docs/images/ui/", import.meta.url));
mkdirSync(out, { recursive: true });

const ui = await startUi({ folder, page: await pageFolder(console.log), host: "127.0.0.1", port: 0 });
const browser = await openChromium();
if (browser === undefined) throw new Error("no Chromium here");

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;
const PLACES = { runs: "", run: `#/run/${encodeURIComponent(run)}` };

for (const [device, viewport] of Object.entries(SIZES))
  for (const colorScheme of ["light", "dark"] as const)
    for (const [name, hash] of Object.entries(PLACES)) {
      const page = await browser.newPage({ viewport, colorScheme });
      await page.goto(ui.url + hash);
      await settled(page);
      const png = await page.screenshot();
      const file = join(out, `${name}_${device}_${colorScheme}.png`);
      await sharp(png).png({ palette: true, colours: 128, effort: 10 }).toFile(file);
      console.log(file);
      await page.close();
    }
await browser.close();
await ui.close();

async function settled(page: Page): Promise<void> {
  await page.locator(".chart canvas").first().waitFor();
  await page.locator('.curves[aria-busy="false"]').waitFor();
  await page.waitForFunction(() => Array.from(document.images).every((image) => image.complete));
  await page.waitForTimeout(300);
}
