import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageFolder } from "../../src/ui/page_folder.ts";
import { startUi, type Ui } from "../../src/ui/server.ts";
import { chromiumPath, NO_GPU, openChromium } from "../support/chromium.ts";
import { startVae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";
import { makeRun } from "../support/made_runs.ts";
import { training } from "../support/training.ts";
import { serve } from "../support/ui.ts";

const NAME = `<img src=x onerror="window.attacked = 1">`;
/** Trains for minutes, a validation every second or so. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 4, val_limit: 16}
exp_params: {LR: 0.005}
trainer_params: {max_epochs: 5000, log_every_n_steps: 1}
logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0, name: Live}
`;

describe.skipIf(chromiumPath() === undefined)("the page in Chromium", () => {
  let root: string;
  let ui: Ui;
  let browser: Browser;
  beforeAll(async () => {
    root = folder({ ".keep": "" });
    const { error } = await training(root, CONFIG, {
      set: ["trainer_params.max_epochs=3", "logging_params.name=Done"],
    });
    expect(error).toBeUndefined();
    makeRun(join(root, "Made/version_0"), { rows: 3000, lr: 0.002 });
    makeRun(join(root, "Made/version_1"), { rows: 3000, lr: 0.03 });
    makeRun(join(root, NAME, "version_0"), {
      rows: 20,
      config: `model_params: {name: '${NAME}', latent_dim: '</pre><script>window.attacked = 2</script>'}\nexp_params: {LR: "javascript:alert(1)"}\n`,
    });
    mkdirSync(join(root, NAME, "version_0/Samples"));
    writeFileSync(
      join(root, NAME, "version_0/Samples/epoch_0001.png"),
      "<script>window.attacked = 3</script>",
    );
    writeFileSync(join(root, NAME, "version_0/failure.txt"), NAME);
    writeFileSync(
      join(root, NAME, "version_0/environment.json"),
      JSON.stringify({ [NAME]: NAME, command: [NAME] }),
    );
    ui = await serve(root);
    browser = (await openChromium())!;
  });
  afterAll(() => browser?.close());

  /** A page at an address of the server; what it does wrong is in `wrong`. */
  async function open(
    hash = "",
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; wrong: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on("console", (message) => {
      const text = message.text();
      if (["error", "warning"].includes(message.type()) && text !== NO_GPU) wrong.push(text);
    });
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== new URL(ui.url).origin && !["data:", "blob:"].includes(protocol))
        wrong.push(request.url());
    });
    await page.goto(ui.url + hash);
    return { page, wrong };
  }
  const names = (page: Page) => page.locator("tbody th").allTextContents();
  const drawn = (page: Page) =>
    page
      .locator(".chart canvas")
      .evaluateAll((all) => (all as HTMLCanvasElement[]).map((one) => one.toDataURL()));

  it("shows the runs and their curves, isolated, without a fault and without a request to elsewhere", async () => {
    const { page, wrong } = await open();
    await page.getByRole("heading", { name: "4 runs" }).waitFor();
    expect(await names(page)).toEqual(
      expect.arrayContaining(["Done/version_0", "Made/version_0", `${NAME}/version_0`]),
    );
    await page.waitForFunction(() => document.querySelectorAll(".chart canvas").length === 6);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await page.getByRole("status").first().textContent()).toBe("Live");
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  it("sorts, filters, takes columns in, and draws what is selected", async () => {
    const { page, wrong } = await open();
    await page.getByRole("button", { name: "run", exact: true }).click();
    expect(await names(page)).toEqual(["Done/version_0", "Made/version_0", "Made/version_1", `${NAME}/version_0`].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))); // biome-ignore format: one line
    await page.getByRole("columnheader", { name: "run", exact: false }).first().waitFor();
    await page.getByRole("button", { name: "run", exact: true }).click();
    expect((await names(page)).at(-2)).toBe("Done/version_0");
    const filter = page.getByLabel("Filter runs");
    for (const [typed, expected] of [
      ["made", ["Made/version_1", "Made/version_0"]],
      ["LR>0.01 made", ["Made/version_1"]],
      ["state=finished", ["Done/version_0"]],
      ["data=shapes3d LR<0.01", ["Made/version_0", "Done/version_0"]],
      ["nothing-is-called-so", []],
    ] as const) {
      await filter.fill(typed);
      await page.waitForFunction((n) => document.querySelectorAll("tbody th").length === n, expected.length);
      expect(await names(page)).toEqual(expected);
    }
    await filter.fill("");
    await page.getByText("Columns", { exact: true }).click();
    await page.getByLabel("Find a column").fill("latent_dim");
    await page.getByLabel("model_params.latent_dim").check();
    await page.getByRole("button", { name: "latent_dim" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.locator(".menu[open]").count()).toBe(0);
    await page.waitForFunction(() => document.querySelectorAll(".legend li").length === 4);
    const before = await drawn(page);
    await page.getByLabel("Show curves of Made/version_0").uncheck();
    await page.waitForFunction(() => document.querySelectorAll(".legend li").length === 3);
    await expect.poll(() => drawn(page)).not.toEqual(before);
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  it("smooths, takes the logarithm, other axes, and zooms", async () => {
    const { page, wrong } = await open("#/run/Made%2Fversion_0");
    await page.waitForFunction(() => document.querySelectorAll(".chart canvas").length === 6);
    const changes = async (act: () => Promise<unknown>) => {
      const before = await drawn(page);
      await act();
      await expect.poll(() => drawn(page)).not.toEqual(before);
    };
    await expect.poll(async () => new Set(await drawn(page)).size).toBeGreaterThan(3);
    await changes(() => page.getByLabel("Smoothing").fill("0"));
    await changes(() => page.getByLabel("Log scale").check());
    await changes(() => page.getByLabel("Log scale").uncheck());
    await changes(() => page.getByRole("button", { name: "Epoch", exact: true }).click());
    await changes(() => page.getByRole("button", { name: "Time", exact: true }).click());
    await page.locator('.curves[aria-busy="false"]').waitFor();
    const plot = (await page.locator(".u-over").first().boundingBox())!;
    const asked = page.waitForRequest((request) => /api\/series.*from=/.test(request.url()));
    await changes(async () => {
      await page.mouse.move(plot.x + plot.width * 0.2, plot.y + 50);
      await page.mouse.down();
      await page.mouse.move(plot.x + plot.width * 0.4, plot.y + 60, { steps: 4 });
      await page.mouse.up();
      await asked;
    });
    await changes(() => page.getByRole("button", { name: "Show all of it" }).click());
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  it("shows a run's pictures through time, its config, machine and commands", async () => {
    const { page, wrong } = await open("#/run/Done%2Fversion_0");
    const picture = page.getByAltText("Samples after epoch 3");
    await picture.waitFor();
    expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
    await page.getByRole("slider", { name: "Epoch" }).focus();
    await page.keyboard.press("ArrowLeft");
    await page.getByAltText("Samples after epoch 2").waitFor();
    await page.getByRole("button", { name: "The validation before" }).click();
    await page.getByAltText("Reconstructions after epoch 1").waitFor();
    await page.getByText("latent_dim: 4").waitFor();
    await page.getByText(`vae run --config ${root}/Done/version_0/config.yaml`).waitFor();
    await page.getByText("machine · cores").waitFor();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy the config" }).click();
    await page.getByText("Copied").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("latent_dim: 4");
    await page.getByRole("link", { name: "Explore its latents" }).click();
    await page.waitForURL(/#\/explore\/Done%2Fversion_0$/);
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  it("a run that trains meanwhile appears, moves, and is seen to stop", async () => {
    const { page, wrong } = await open();
    await page.getByRole("heading", { name: "4 runs" }).waitFor();
    writeFileSync(join(root, "live.yaml"), CONFIG);
    const run = startVae([
      "run",
      "--config",
      join(root, "live.yaml"),
      "--backend",
      "wasm",
      "--set",
      `logging_params.save_dir=${root}`,
    ]);
    try {
      const row = page.locator("tbody tr", { hasText: "Live/version_0" });
      await row.locator(".status.running").waitFor({ timeout: 60_000 });
      const epoch = async () => Number(await row.locator("td.number").first().textContent());
      await expect.poll(epoch, { timeout: 60_000 }).toBeGreaterThan(0);
      const then = await epoch();
      await expect.poll(epoch, { timeout: 60_000 }).toBeGreaterThan(then);
      await page.getByRole("link", { name: "Live/version_0" }).first().click();
      await page.getByAltText(/Samples after epoch/).waitFor();
      const first = await page.getByAltText(/Samples after epoch/).getAttribute("alt");
      await page.waitForFunction(() => document.querySelectorAll(".chart canvas").length === 6);
      const curves = await drawn(page);
      await expect.poll(() => drawn(page), { timeout: 60_000 }).not.toEqual(curves);
      await expect
        .poll(() => page.getByAltText(/Samples after epoch/).getAttribute("alt"), { timeout: 60_000 })
        .not.toBe(first);
      run.child.kill("SIGINT");
      expect((await run.ended).code).toBe(130);
      await page.locator(".title .status.stopped").waitFor({ timeout: 30_000 });
      await page.getByText(/vae run --resume .*Live\/version_0/).waitFor();
    } finally {
      run.child.kill("SIGKILL");
    }
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  it("HTML in names and settings is text", async () => {
    const { page, wrong } = await open();
    const link = page.getByRole("link", { name: `${NAME}/version_0` }).first();
    await link.waitFor();
    await page.getByText("Columns", { exact: true }).click();
    await page.getByLabel("exp_params.LR", { exact: true }).check();
    await page.keyboard.press("Escape");
    await link.click();
    await page.getByRole("heading", { name: `${NAME}/version_0` }).waitFor();
    await page.getByText("</pre><script>window.attacked = 2</script>").waitFor();
    await page.locator(".problem", { hasText: "onerror" }).waitFor();
    await page.locator(".facts dt", { hasText: "onerror" }).waitFor();
    expect(await page.evaluate(() => (window as unknown as { attacked?: number }).attacked)).toBeUndefined();
    expect(await page.locator("main img:not([alt])").count()).toBe(0);
    const picture = await page.context().newPage();
    await picture.goto(await page.locator(".pictures a").evaluate((a: HTMLAnchorElement) => a.href));
    expect(
      await picture.evaluate(() => (window as unknown as { attacked?: number }).attacked),
    ).toBeUndefined();
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  it("everything is reached by the keyboard alone", async () => {
    const { page, wrong } = await open();
    await page.getByRole("heading", { name: /runs/ }).waitFor();
    const focus = () =>
      page.evaluate(
        () =>
          document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim(),
      );
    const tabTo = async (fits: (name: string | undefined) => boolean) => {
      for (let i = 0; i < 80; i++) {
        await page.keyboard.press("Tab");
        if (fits((await focus()) ?? undefined)) return;
      }
      throw new Error("the Tab key doesn't lead there");
    };
    await page.keyboard.press("Tab");
    expect(await focus()).toBe("Skip to the content");
    await tabTo((name) => name === "Filter runs");
    await page.keyboard.type("made");
    await tabTo((name) => name?.startsWith("run") ?? false);
    const header = page.locator("thead th").nth(1);
    await page.keyboard.press("Enter");
    expect(await header.getAttribute("aria-sort")).toBe("ascending");
    await page.keyboard.press("Enter");
    expect(await header.getAttribute("aria-sort")).toBe("descending");
    await tabTo((name) => name === "Show curves of Made/version_0");
    const box = page.getByLabel("Show curves of Made/version_0");
    const was = await box.isChecked();
    await page.keyboard.press("Space");
    expect(await box.isChecked()).toBe(!was);
    if (was) await page.keyboard.press("Space");
    await tabTo((name) => name?.startsWith("Chart of train/total") ?? false);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(".told").first().textContent()).toMatch(/^step \d+/);
    await page.keyboard.press("Shift+Tab");
    await page.getByRole("link", { name: "Made/version_1" }).first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Made/version_1" }).waitFor();
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  it.each([
    ["light", 1280],
    ["dark", 360],
  ] as const)(
    "in %s, %i pixels wide, text can be read and nothing sticks out",
    async (colorScheme, width) => {
      for (const hash of ["", "#/run/Done%2Fversion_0"]) {
        const { page } = await open(hash, { colorScheme, viewport: { width, height: 844 } });
        await page.locator(".chart canvas").first().waitFor();
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
        ).toBeLessThanOrEqual(0);
        expect(await page.evaluate(contrasts)).toEqual([]);
        await page.context().close();
      }
    },
  );

  it("beyond this machine it opens by the address with the token, and only so", async () => {
    const far = await startUi({ folder: root, page: await pageFolder(() => {}), host: "0.0.0.0", port: 0 });
    const context = await browser.newContext();
    const page = await context.newPage();
    const bare = new URL(far.url);
    bare.search = "";
    expect((await page.goto(bare.href))!.status()).toBe(401);
    await page.goto(far.url);
    await page.getByText("Live", { exact: true }).waitFor();
    expect(page.url()).toBe(bare.href); // the token is nowhere to be seen
    expect(await page.evaluate(() => document.cookie)).toBe("");
    await page.getByRole("link", { name: "Done/version_0" }).first().click();
    const picture = page.getByAltText(/Samples after epoch/);
    await expect
      .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth))
      .toBeGreaterThan(0);
    await context.close();
    await far.close();
  });

  it("says that the server is gone, and goes on when it is back", async () => {
    const options = { folder: root, page: await pageFolder(() => {}), host: "127.0.0.1", port: 0 };
    const first = await startUi(options);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(first.url);
    await page.getByText("Live", { exact: true }).waitFor();
    await first.close();
    await page.getByText("Connecting…").waitFor();
    makeRun(join(root, "Meanwhile/version_0"), { rows: 3 });
    const again = await startUi({ ...options, port: Number(new URL(first.url).port) });
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Meanwhile/version_0" }).first().waitFor();
    await context.close();
    await again.close();
  });
});

/** Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3), as they are drawn. */
function contrasts(): string[] {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  const rgba = (colour: string) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top: number[], below: number[]) => {
    const alpha = top[3]! / 255;
    return below.map((value, i) => (i === 3 ? 255 : top[i]! * alpha + value * (1 - alpha)));
  };
  const behind = (element: Element | null): number[] =>
    element === null
      ? [255, 255, 255, 255]
      : over(rgba(getComputedStyle(element).backgroundColor), behind(element.parentElement));
  const luminance = (colour: number[]) => {
    const [r, g, b] = colour.slice(0, 3).map((v) => {
      const s = v / 255;
      return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const low: string[] = [];
  for (const element of Array.from(document.querySelectorAll("main *, header *"))) {
    const own = Array.from(element.childNodes).some(
      (n) => n.nodeType === Node.TEXT_NODE && n.textContent!.trim() !== "",
    );
    const { width, height } = element.getBoundingClientRect();
    if (!own || width * height < 4 || element.closest(":disabled, .none, .unseen")) continue;
    const ground = behind(element);
    const [a, b] = [luminance(over(rgba(getComputedStyle(element).color), ground)), luminance(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5)
      low.push(`${element.className} "${element.textContent!.slice(0, 30)}" ${ratio.toFixed(2)}`);
  }
  return [...new Set(low)];
}
