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

/** What Chromium itself writes to the console of a page that asks for a GPU where there is none. */
export const NO_GPU = "No available adapters.";

/** WebGPU by SwiftShader, on the processor. */
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** A Chromium without a window, of itself without WebGPU; undefined where there is none. */
export async function openChromium({ webgpu = false } = {}): Promise<Browser | undefined> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return undefined;
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : []; // it refuses root
  return chromium.launch({ executablePath, args: [...sandbox, ...(webgpu ? WEBGPU : [])] });
}
