import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageFolder } from "../../src/ui/page_folder.ts";
import { startUi } from "../../src/ui/server.ts";
import { allTests } from "../support/all_tests.ts";
import { vae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";
import { bytesOf, changed, PICTURE } from "../support/explorer_page.ts";
import { staticSite } from "../support/static_site.ts";
import { training } from "../support/training.ts";
import { webgpuChromium } from "../support/webgpu.ts";

const browser = await webgpuChromium();
afterAll(() => browser?.close());

const config = (name: string, model: object) =>
  JSON.stringify({
    model_params: model,
    data_params: { name: "shapes3d", size: 64, patch_size: 32, train_batch_size: 8, val_limit: 16 },
    exp_params: { LR: 0.003 },
    trainer_params: { max_steps: 3 },
    logging_params: { image_count: 1, latent_count: 0, histogram_every_n_steps: 0, name },
  });
const MODELS = {
  plain: { name: "VanillaVAE", latent_dim: 4, hidden_dims: [8, 8] },
  labels: { name: "ConditionalVAE", latent_dim: 4, hidden_dims: [8, 8], labels: ["shape"] },
  codes: { name: "VQVAE", hidden_dims: [8, 8], embedding_dim: 4, num_embeddings: 16, residual_layers: 1 },
};

describe.skipIf(browser === undefined)("the page by WebGPU in Chromium (SwiftShader)", () => {
  const root = folder({});
  const wrong: string[] = [];
  beforeAll(async () => {
    for (const [name, model] of Object.entries(MODELS)) {
      const { folder: made, error } = await training(root, config(name, model));
      expect(error).toBeUndefined();
      const args = ["publish", made.path, "--out", join(root, "site", name), "--images", "20"];
      expect((await vae(args)).code).toBe(0);
    }
  });

  async function open(url: string, by = browser!): Promise<Page> {
    const page = await by.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) wrong.push(message.text());
    });
    page.on("pageerror", (error) => wrong.push(String(error)));
    await page.goto(url);
    await page.waitForSelector(".here .hint:not(:empty)");
    return page;
  }
  const onDisk = (name: keyof typeof MODELS) => pathToFileURL(join(root, "site", name, "index.html")).href;
  const device = (page: Page) => page.locator(".here .device").textContent();
  const take = async (page: Page, backend: "auto" | "wasm" | "webgpu") => {
    await page.getByLabel("Computed by").selectOption(backend);
    await expect
      .poll(() => device(page).catch(() => ""), { timeout: 60_000 })
      .toMatch(backend === "webgpu" ? /^WebGPU/ : /^WebAssembly/);
    await page.waitForSelector(".here .hint:not(:empty)");
    const width = () => page.locator(PICTURE).evaluate((canvas) => (canvas as HTMLCanvasElement).width);
    await expect.poll(width).toBe(32); // it is drawn after its time is told
  };
  const samples = async (page: Page) => {
    await page.waitForSelector(".samples li:nth-child(12)");
    return (await Promise.all([0, 5, 11].map((n) => bytesOf(page, ".samples canvas", n)))).flat();
  };

  /** A file of 32x32 pixels: all bytes, or one for all. */
  async function picture(name: string, bytes: number | number[]): Promise<string> {
    const raw = { width: 32, height: 32, channels: 3 } as const;
    const data = typeof bytes === "number" ? Buffer.alloc(32 * 32 * 3, bytes) : Buffer.from(bytes);
    const file = join(root, name);
    writeFileSync(file, await sharp(data, { raw }).png().toBuffer());
    return file;
  }

  /** Whether no byte of a picture is off by more than 1. */
  const worst = (a: readonly number[], b: readonly number[]) =>
    a.length === b.length ? a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0) : Infinity;
  const expectAlike = (a: readonly number[], b: readonly number[]) =>
    expect(worst(a, b)).toBeLessThanOrEqual(1);

  it("of itself takes WebAssembly, as WebGPU is software here, and says so", async () => {
    const page = await open(await staticSite(join(root, "site/plain"), { isolated: true }));
    expect(await device(page)).toMatch(
      /^WebAssembly, \d+ threads?.*wasm computes: WebGPU is software here \(google swiftshader\)\.$/,
    );
    expect(await page.evaluate(() => "webgpuText" in globalThis)).toBe(false);
    await page.close();
  });

  it.each(allTests ? ["from a disk", "from a host"] : ["from a disk"])(
    "shows wasm's pictures, %s: of sliders, images, samples, ways",
    async (where) => {
      const url =
        where === "from a disk"
          ? onDisk("plain")
          : await staticSite(join(root, "site/plain"), { isolated: false });
      const page = await open(url);
      await take(page, "wasm");
      const slider = page.locator(".dimension input").first();
      const before = await bytesOf(page, PICTURE);
      await slider.fill("1.5");
      const moved = await changed(page, before);
      const drawn = await samples(page);
      const way = await bytesOf(page, ".path li:last-child canvas");
      await page.locator(".samples button[aria-label='Go to sample 1']").click();
      const sampled = await changed(page, moved);
      await slider.fill("1.5");
      await changed(page, sampled);

      await take(page, "webgpu");
      expect(Number(await slider.inputValue())).toBe(1.5); // one stays where one was
      expectAlike(await samples(page), drawn);
      expectAlike(await bytesOf(page, ".path li:last-child canvas"), way);
      const here = await bytesOf(page, PICTURE);
      await page.locator(".samples button[aria-label='Go to sample 1']").click();
      expectAlike(await changed(page, here), sampled);
      await page.locator(".path li:first-child button").click(); // the first image, where all began
      const first = await changed(page, sampled);
      expectAlike(first, before);

      await page.setInputFiles(".drop input", await picture("own.png", drawn.slice(0, 32 * 32 * 3)));
      expectAlike(await changed(page, first), sampled);
      await page.close();
      expect(wrong).toEqual([]);
    },
  );

  it.runIf(allTests)("draws samples of the labels that are chosen", async () => {
    const page = await open(onDisk("labels"));
    const shape = page.getByLabel("shape", { exact: true });
    const value = String((Number(await shape.inputValue()) + 1) % 4);
    const before = await samples(page);
    await shape.selectOption(value);
    await expect.poll(() => samples(page)).not.toEqual(before);
    const expected = await samples(page);
    await take(page, "webgpu");
    expect(await shape.inputValue()).toBe(value);
    expectAlike(await samples(page), expected);
    await page.close();
    expect(wrong).toEqual([]);
  });

  it.runIf(allTests)("paints with codes", async () => {
    const page = await open(onDisk("codes"));
    const paint = async (brush: number) => {
      const before = await bytesOf(page, PICTURE);
      await page.locator(".brushes button").nth(brush).click();
      await page.locator(".codes .keys").focus();
      for (const key of ["Space", "ArrowRight", "Space"]) await page.keyboard.press(key);
      return before;
    };
    const brushes = await page.locator(".brushes button").count();
    const before = await paint(brushes - 1);
    const painted = brushes > 1 ? await changed(page, before) : before;
    await page.reload();
    await page.waitForSelector(".here .hint:not(:empty)");
    await take(page, "webgpu");
    expectAlike(await paint(brushes - 1), before);
    await expect.poll(async () => worst(await bytesOf(page, PICTURE), painted)).toBeLessThanOrEqual(1);
    await page.close();
    expect(wrong).toEqual([]);
  });

  it.runIf(allTests)("trains in the page, and opens what came of it", async () => {
    const page = await open(onDisk("plain"));
    await page.getByText("Train one here").click();
    await page.waitForSelector("button.main:enabled");
    const files = [await picture("a.png", 60), await picture("b.png", 200)];
    await page.setInputFiles(".train input[type=file]", files);
    await page.getByText("2 images of").waitFor();
    await page.getByLabel("Computed by").selectOption("webgpu");
    await page.waitForSelector("button.main:enabled");
    await page.getByLabel("Steps").fill("1");
    await page.getByLabel("Steps").blur();
    await page.locator("button.main").click();
    await page.getByText("Explore it").click({ timeout: 120_000 });
    await page.waitForSelector(".dimension input", { timeout: 60_000 });
    expect(await page.locator(".standing").textContent()).toContain("step 1 of 1");
    for (const place of [".train > .computed .device", ".here .device"])
      expect(await page.locator(place).textContent()).toMatch(/^WebGPU, google swiftshader/);
    await page.close();
    expect(wrong).toEqual([]);
  });

  it.runIf(allTests)("in vae ui too", async () => {
    const ui = await startUi({ folder: root, page: await pageFolder(() => {}), host: "127.0.0.1", port: 0 });
    const page = await open(`${ui.url}#/explore/${encodeURIComponent("plain/version_0")}`);
    const picture = await bytesOf(page, PICTURE);
    await take(page, "webgpu");
    expectAlike(await bytesOf(page, PICTURE), picture);
    await page.close();
    await ui.close();
    expect(wrong).toEqual([]);
  });

  it("goes on by wasm where the GPU's process dies, and says so", async () => {
    const own = (await webgpuChromium())!;
    const page = await open(onDisk("plain"), own);
    await take(page, "wasm");
    const before = await bytesOf(page, PICTURE);
    const slider = page.locator(".dimension input").first();
    await slider.fill("1.5");
    const expected = await changed(page, before);
    await slider.fill("0");
    await changed(page, expected);
    await take(page, "webgpu");
    const session = await own.newBrowserCDPSession();
    await session.send("Browser.crashGpuProcess" as never).catch(() => {});
    await slider.fill("1.5");
    await expect
      .poll(() => device(page), { timeout: 30_000 })
      .toMatch(/^WebAssembly, .*the GPU was lost.*\. wasm computes from here on\.$/);
    await expect.poll(() => bytesOf(page, PICTURE)).toEqual(expected);
    expect(await page.locator(".problem").count()).toBe(0);
    await own.close();
  });
});
