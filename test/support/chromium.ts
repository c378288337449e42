import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Chromium is: what CHROMIUM_PATH names, Debian's, or the one that Playwright has installed. */
const places = () => [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  chromium.executablePath(),
];

/** The path of a Chromium; undefined where there is none. */
export const chromiumPath = (): string | undefined =>
  places().find((path) => path !== undefined && path !== "" && existsSync(path));

/** A Chromium without a window; undefined where there is none. */
export async function openChromium(): Promise<Browser | undefined> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return undefined;
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : []; // its sandbox refuses root
  return chromium.launch({ executablePath, args });
}
