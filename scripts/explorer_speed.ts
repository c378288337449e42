/**
 * How fast a run's model is in a page: opened in Chromium from its packed file, a slider moved 50 times until the picture on
 * the canvas has changed, by wasm and by WebGPU, which is SwiftShader on the processor; its validation images brought into the
 * plane by UMAP; and a small VAE trained there by wasm.
 *
 *   npx tsx scripts/explorer_speed.ts logs/VanillaVAE/version_0
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findRuns } from "../src/experiment/runs/summary.ts";
import { pageFolder } from "../src/ui/page_folder.ts";
import { startUi } from "../src/ui/server.ts";
import { openChromium } from "../test/support/chromium.ts";

const MOVES = 50;

const run = resolve(process.argv[2] ?? "");
if (findRuns(run).length !== 1) throw new Error(`expected a run, got "${process.argv[2]}"`);
const cache = mkdtempSync(join(tmpdir(), "vae-"));
process.env.TFJS_VAE_CACHE = cache; // so that the model is packed anew
const page = await pageFolder(console.error);
const ui = await startUi({ folder: run, page, host: "127.0.0.1", port: 0 });
const browser = await openChromium({ webgpu: true });
if (browser === undefined) throw new Error("expected a Chromium, got none: CHROMIUM_PATH names one");
try {
  const shown = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const packing = performance.now();
  await fetch(`${ui.url}api/model?id=.`).then((answer) => answer.arrayBuffer());
  const opening = performance.now();
  await shown.goto(`${ui.url}#/explore/.`);
  await shown.waitForSelector(".here .hint:not(:empty)");
  const opened = performance.now();
  await shown.waitForTimeout(3000); // samples and the map's first plane are done
  const moved = () => shown.evaluate(movesOf, MOVES);
  const onWasm = await moved();
  await shown.getByLabel("Computed by").selectOption("webgpu");
  await shown.locator(".here .device", { hasText: "WebGPU," }).waitFor();
  await shown.waitForTimeout(10_000); // samples are done
  const onWebgpu = await moved();
  await shown.getByLabel("Computed by").selectOption("wasm");
  await shown.locator(".here .device", { hasText: "WebAssembly" }).waitFor();
  await shown.waitForTimeout(3000);
  const mapping = performance.now();
  await shown.getByRole("button", { name: "UMAP" }).click();
  await shown.waitForSelector(".map [role=status]");
  await shown.waitForSelector(".map [role=status]", { state: "detached" });
  const mapped = performance.now();
  await shown.goto(`${ui.url}#/train`);
  await shown.waitForSelector("button.main:enabled");
  await shown.getByLabel("Steps").fill("200");
  await shown.getByLabel("Steps").blur();
  const training = performance.now();
  await shown.locator("button.main").click();
  await shown.getByText("Explore it").waitFor({ timeout: 600_000 });
  const seconds = (performance.now() - training) / 1000;
  const ms = (from: number, to: number) => `${(to - from).toFixed(0)} ms`;
  console.log(`packing by the server: ${ms(packing, opening)}`);
  console.log(`from the address to the picture: ${ms(opening, opened)}`);
  for (const [backend, moves] of Object.entries({ wasm: onWasm, webgpu: onWebgpu }))
    console.log(
      `slider to picture, ${backend}: median ${moves[MOVES / 2]!.toFixed(1)} ms, longest ${moves.at(-1)!.toFixed(1)} ms`,
    );
  console.log(`UMAP: ${ms(mapping, mapped)}`);
  console.log(
    `training 200 steps of 32 images with pictures every 20: ${((200 * 32) / seconds).toFixed(0)} images/s`,
  );
} finally {
  await browser.close();
  await ui.close();
  rmSync(cache, { recursive: true, force: true });
}

/** Milliseconds from a slider's moves to the picture, sorted. */
async function movesOf(count: number): Promise<number[]> {
  const slider = document.querySelector<HTMLInputElement>(".dimension input")!;
  const canvas = document.querySelector<HTMLCanvasElement>(".here canvas")!;
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const before = canvas.toDataURL();
    const started = performance.now();
    slider.value = String(2 * Math.sin(i));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    while (canvas.toDataURL() === before) await new Promise((next) => setTimeout(next, 1));
    taken.push(performance.now() - started);
  }
  return taken.sort((a, b) => a - b);
}
