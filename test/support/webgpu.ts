import type { Browser } from "playwright-core";
import { openChromium } from "./chromium.ts";

/** A Chromium that offers WebGPU, by SwiftShader on the processor; undefined where there is none. */
export async function webgpuChromium(): Promise<Browser | undefined> {
  const browser = await openChromium({ webgpu: true });
  if (browser === undefined) return undefined;
  const page = await browser.newPage();
  await page.goto(import.meta.url); // any file is a secure context
  const there = await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) != null);
  await page.close();
  if (there) return browser;
  await browser.close();
  return undefined;
}
