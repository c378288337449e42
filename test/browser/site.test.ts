import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTrained } from "../../src/experiment/trained/open_trained.ts";
import { slice } from "../../src/explore/images.ts";
import { decodeVectors, encodeImages } from "../../src/explore/latents.ts";
import { sample } from "../../src/explore/pictures.ts";
import { Rng } from "../../src/rng.ts";
import { chromiumPath, NO_GPU, openChromium } from "../support/chromium.ts";
import { vae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";
import { bytesOf, changed, PICTURE } from "../support/explorer_page.ts";
import { firefoxPath, openFirefox } from "../support/firefox.ts";
import { staticSite } from "../support/static_site.ts";
import { training } from "../support/training.ts";

const TITLE = `<img src=x onerror="window.attacked = 1">`;
const config = (model: object) =>
  JSON.stringify({
    model_params: model,
    data_params: { name: "shapes3d", size: 64, patch_size: 32, train_batch_size: 8, val_limit: 16 },
    exp_params: { LR: 0.003 },
    trainer_params: { max_steps: 3 },
    logging_params: { image_count: 1, latent_count: 0, histogram_every_n_steps: 0, name: "tiny" },
  });

describe.skipIf(chromiumPath() === undefined)("a published page in Chromium", () => {
  const root = folder({});
  let browser: Browser;
  let run: string;
  let conditional: string;
  const wrong: string[] = [];
  beforeAll(async () => {
    const models = {
      site: { name: "VanillaVAE", latent_dim: 4, hidden_dims: [8, 8] },
      labels: { name: "ConditionalVAE", latent_dim: 4, hidden_dims: [8, 8], labels: ["shape"] },
      codes: { name: "VQVAE", hidden_dims: [8, 8], embedding_dim: 4, num_embeddings: 16, residual_layers: 1 },
    };
    for (const [site, model] of Object.entries(models)) {
      const { folder: made, error } = await training(root, config(model));
      expect(error).toBeUndefined();
      if (site === "site") run = made.path;
      if (site === "labels") conditional = made.path;
      const args = ["publish", made.path, "--out", join(root, site), "--title", TITLE, "--images", "20"];
      const { code, stderr } = await vae(args);
      expect([code, stderr.split("\n").filter((line) => !line.startsWith("note"))]).toEqual([
        0,
        [`wrote ${join(root, site, "index.html")}`, ""],
      ]);
    }
    browser = (await openChromium())!;
  });
  afterAll(() => browser?.close());

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("console", (message) => {
      const text = message.text();
      if (["error", "warning"].includes(message.type()) && text !== NO_GPU) wrong.push(text);
    });
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (!["data:", "blob:"].includes(protocol) && origin !== new URL(url).origin) wrong.push(request.url());
    });
    await page.goto(url);
    await page.waitForSelector(".here .hint:not(:empty)");
    return page;
  }
  const onDisk = (site = "site") => pathToFileURL(join(root, site, "index.html")).href;

  const asBytes = (images: Float32Array): number[] => [...Uint8ClampedArray.from(images, (v) => 255 * v)];

  it("opens from a disk and from static hosts, with the same picture, and asks nobody else", async () => {
    const urls = [
      onDisk(),
      await staticSite(join(root, "site"), { isolated: true }),
      await staticSite(join(root, "site"), { isolated: false }),
    ];
    const pictures: number[][] = [];
    for (const url of urls) {
      const page = await open(url);
      pictures.push(await bytesOf(page, PICTURE));
      expect(await page.title()).toBe(TITLE);
      expect(await page.evaluate(() => "attacked" in globalThis)).toBe(false);
      await page.close();
    }
    expect(pictures[1]).toEqual(pictures[0]);
    expect(pictures[2]).toEqual(pictures[0]);
    expect(wrong).toEqual([]);
  });

  it.skipIf(firefoxPath() === undefined)("opens from a disk in Firefox, with the same picture", async () => {
    const page = await open(onDisk());
    const expected = await bytesOf(page, PICTURE);
    await page.close();
    const firefox = await openFirefox(firefoxPath()!);
    try {
      await firefox.goto(onDisk());
      const standing = () => firefox.evaluate(`document.querySelector(".here .hint")?.textContent ?? ""`);
      await expect.poll(standing, { timeout: 30_000 }).toContain(" ms");
      const width = () => firefox.evaluate(`document.querySelector("${PICTURE}").width`);
      await expect.poll(width).toBe(32); // it is drawn after its time is told
      const shown = await firefox.evaluate(`(() => {
        const { width, height } = document.querySelector("${PICTURE}");
        const { data } = document.querySelector("${PICTURE}").getContext("2d").getImageData(0, 0, width, height);
        return [...data].filter((_, i) => i % 4 < 3);
      })()`);
      expect(shown).toEqual(expected);
      expect(firefox.said).toEqual([]);
    } finally {
      await firefox.close();
    }
  });

  it("shows the bytes of vae sample, and of its latents where a slider is moved", async () => {
    const opened = await openTrained(run, { backend: "wasm" });
    const { vae: model } = opened;
    const seed = opened.config.exp_params.manual_seed;
    const page = await open(onDisk());
    const drawn = await sample(model, 12, Rng.fromSeed(seed).fold("samples"));
    const size = drawn.images.length / 12;
    await page.waitForSelector(".samples li:nth-child(12)");
    for (const n of [0, 11])
      expect(await bytesOf(page, ".samples canvas", n)).toEqual(
        asBytes(drawn.images.subarray(n * size, (n + 1) * size)),
      );

    const images = await (await opened.loader("val")).spread(20);
    const { place, layout } = await encodeImages(model, images, Rng.fromSeed(seed));
    const z = place.slice(0, layout.size);
    const decode = async () =>
      asBytes((await decodeVectors(model, layout, z, { rng: Rng.fromSeed(seed).fold("decode") })).images);
    const before = await bytesOf(page, PICTURE);
    expect(before).toEqual(await decode());
    const slider = page.locator(".dimension input").first();
    const name = (await page.locator(".dimension .name").first().textContent())!;
    await slider.fill("1.5");
    z[Number(name.split(" ")[1])] = 1.5;
    expect(await changed(page, before)).toEqual(await decode());
    await opened.close();
    await page.close();
  });

  it("takes an image of the visitor's, and goes where the model sees it", async () => {
    const opened = await openTrained(run, { backend: "wasm" });
    const { images, shape } = slice(await (await opened.loader("val")).spread(20), 0, 1); // the map's first
    await opened.close();
    const [, height, width] = shape;
    const file = join(root, "own.png");
    const raw = { width, height, channels: 3 } as const;
    writeFileSync(
      file,
      await sharp(Buffer.from(asBytes(images)), { raw })
        .png()
        .toBuffer(),
    );
    const page = await open(onDisk());
    const first = await bytesOf(page, PICTURE);
    await page.locator(".samples button[aria-label='Go to sample 1']").click();
    const elsewhere = await changed(page, first);
    await page.setInputFiles(".drop input", file);
    expect(await changed(page, elsewhere)).toEqual(first);
    await page.close();
  });

  it("goes to images of the map, along a way, and along labels, by keys alone", async () => {
    const page = await open(onDisk());
    let picture = await bytesOf(page, PICTURE);
    await page.locator(".map .keys").focus();
    for (const key of ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"]) {
      await page.keyboard.press(key);
      if ((await bytesOf(page, PICTURE)).join() !== picture.join()) break;
    }
    picture = await changed(page, picture);
    await page.locator(".path li:last-child button").focus();
    await page.keyboard.press("Enter");
    picture = await changed(page, picture);
    await page.locator(".attributes button").first().focus();
    await page.keyboard.press("Enter");
    await changed(page, picture);
    await page.locator(".map button", { hasText: "UMAP" }).click();
    await page.waitForSelector(".map [role=status]", { state: "detached" });
    expect(wrong).toEqual([]);
    await page.close();
  });

  it("draws a way across the map, and goes along it", async () => {
    const page = await open(onDisk());
    await page.waitForSelector(".map [role=status]", { state: "detached" });
    const [picture, way] = [await bytesOf(page, PICTURE), await bytesOf(page, ".path li:last-child canvas")];
    await page.locator(".map button", { hasText: "Draw a way" }).click();
    const { x, y, width, height } = (await page.locator(".plane").boundingBox())!;
    await page.mouse.move(x + 4, y + height / 2);
    await page.mouse.down();
    for (let n = 0; n <= 40; n++)
      await page.mouse.move(x + 4 + (n / 40) * (width - 8), y + height * (0.5 + 0.45 * Math.sin(n / 3)));
    await page.mouse.up();
    const start = await changed(page, picture);
    await expect.poll(() => bytesOf(page, ".path li:last-child canvas")).not.toEqual(way);
    expect(await bytesOf(page, ".path li:first-child canvas")).toEqual(start);
    await page.getByLabel("Place on the way").fill("1");
    const end = await changed(page, start);
    expect(await bytesOf(page, ".path li:last-child canvas")).toEqual(end);
    expect(wrong).toEqual([]);
    await page.close();
  });

  it("zooms by two fingers, which choose nothing", async () => {
    const page = await open(onDisk());
    await page.waitForSelector(".map [role=status]", { state: "detached" });
    await page.locator(".plane").scrollIntoViewIfNeeded();
    const drawn = () => page.locator(".plane").evaluate((plane) => (plane as HTMLCanvasElement).toDataURL());
    const [picture, map] = [await bytesOf(page, PICTURE), await drawn()];
    const { x, y, width, height } = (await page.locator(".plane").boundingBox())!;
    const fingers = (apart: number) =>
      [-1, 1].map((side, id) => ({ x: x + width / 2 + side * apart, y: y + height / 2, id }));
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setTouchEmulationEnabled", { enabled: true, maxTouchPoints: 2 });
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", touchPoints: ReturnType<typeof fingers>) =>
      session.send("Input.dispatchTouchEvent", { type, touchPoints });
    await touch("touchStart", fingers(20));
    for (const apart of [30, 40, 60]) await touch("touchMove", fingers(apart));
    await touch("touchEnd", []);
    await expect.poll(async () => (await drawn()) === map).toBe(false);
    expect(await bytesOf(page, PICTURE)).toEqual(picture);
    expect(wrong).toEqual([]);
    await page.close();
  });

  it("draws samples of the labels that are chosen, as vae sample does", async () => {
    const opened = await openTrained(conditional, { backend: "wasm" });
    const seed = opened.config.exp_params.manual_seed;
    const { all, used } = opened.vae.labels!;
    const page = await open(onDisk("labels"));
    const shape = page.getByLabel(all[used[0]!]!.name, { exact: true });
    const before = await bytesOf(page, ".samples canvas");
    const value = (Number(await shape.inputValue()) + 1) % all[used[0]!]!.values!;
    await shape.selectOption(String(value));
    await expect.poll(() => bytesOf(page, ".samples canvas")).not.toEqual(before);
    const given = new Map([[used[0]!, value]]);
    const { images } = await sample(opened.vae, 12, Rng.fromSeed(seed).fold("samples"), { given });
    expect(await bytesOf(page, ".samples canvas")).toEqual(asBytes(images.subarray(0, images.length / 12)));
    await opened.close();
    await page.close();
  });

  it("paints with the codes of a VQVAE", async () => {
    const page = await open(onDisk("codes"));
    const before = await bytesOf(page, PICTURE);
    const brushes = await page.locator(".brushes button").count();
    await page
      .locator(".brushes button")
      .nth(brushes - 1)
      .click();
    await page.locator(".codes .keys").focus();
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press("Space");
      await page.keyboard.press("ArrowRight");
    }
    if (brushes > 1) await changed(page, before);
    expect(wrong).toEqual([]);
    await page.close();
  });

  it("trains a model in the page, to explore", async () => {
    const page = await open(onDisk());
    await page.getByText("Train one here").click();
    await page.waitForSelector("button.main:enabled");
    await page.getByLabel("Steps").fill("3");
    await page.getByLabel("Steps").blur();
    await page.locator("button.main").click();
    await page.getByText("Explore it").click();
    await page.waitForSelector(".dimension input");
    expect(await page.locator(".standing").textContent()).toContain("step 3 of 3");
    expect(wrong).toEqual([]);
    await page.close();
  });

  it("starts by a double click too, ends with its page, and is opened twice", async () => {
    const page = await open(onDisk());
    const train = async (steps: number) => {
      await page.waitForSelector("button.main:enabled");
      await page.getByLabel("Steps").fill(String(steps));
      await page.getByLabel("Steps").blur();
      await page.locator("button.main").dblclick();
    };
    await page.getByText("Train one here").click();
    await train(100_000);
    await page.waitForFunction(() =>
      /step [5-9]/.test(document.querySelector(".standing")?.textContent ?? ""),
    );
    await page.goBack();
    await page.waitForSelector(".dimension input");
    await expect.poll(() => page.workers().length).toBe(1);
    await page.goForward();
    await train(2);
    for (let i = 0; i < 2; i++) {
      await page.getByText("Explore it").click();
      await page.waitForSelector(".here .hint:not(:empty)");
      await page.waitForSelector(".samples li:nth-child(12)");
    }
    expect(page.workers()).toHaveLength(2);
    expect(wrong).toEqual([]);
    await page.close();
  });

  it("takes the same image twice, and no page in its place for one that is dropped beside", async () => {
    const page = await open(onDisk());
    expect(
      await page.evaluate(() => {
        const event = new Event("drop", { bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
        return event.defaultPrevented;
      }),
    ).toBe(true);
    await page.setInputFiles(".drop input", {
      name: "a.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("a"),
    });
    await page.waitForSelector(".drop [role=alert]");
    expect(await page.locator(".drop input").inputValue()).toBe("");
    await page.close();
  });

  it("is smaller with weights of half the size, and not mixed with what is there", async () => {
    const { code, stderr } = await vae(["publish", run, "--out", join(root, "site")]);
    expect([code, stderr.trim()]).toEqual([
      2,
      `--out: ${join(root, "site")} is there already. Name another, or add --force to write into it.`,
    ]);
    const half = join(root, "half.safetensors");
    const whole = join(root, "whole.safetensors");
    expect((await vae(["publish", run, "--out", half, "--half"])).code).toBe(0);
    expect((await vae(["publish", run, "--out", whole])).code).toBe(0);
    expect(readFileSync(half).length).toBeLessThan(readFileSync(whole).length);
    expect(readFileSync(whole, "latin1")).not.toContain(root); // no path of this machine
  });
});
