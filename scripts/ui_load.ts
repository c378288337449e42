/**
 * What `vae ui` takes of a folder with many long runs: time to the list, to curves, memory of the server and of the page.
 * `npx tsx scripts/ui_load.ts [RUNS] [ROWS]`; the runs are made in a temporary folder.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunList, SeriesAnswer } from "../src/ui/api.ts";
import { openChromium } from "../test/support/chromium.ts";
import { makeRun } from "../test/support/made_runs.ts";

const [runs = 500, rows = 100_000] = process.argv.slice(2).map(Number);
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-ui-load-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
/** So many are different, the others copies. */
const KINDS = 10;
const pathOf = (i: number) => join(root, `VanillaVAE/version_${i}`);
for (let i = 0; i < runs; i++) {
  if (i < KINDS) makeRun(pathOf(i), { rows, lr: 0.0001 * (1 + i), state: stateAt(rows) });
  else cpSync(pathOf(i % KINDS), pathOf(i), { recursive: true });
}
const { size } = statSync(join(pathOf(0), "metrics.csv"));
console.log(`${runs} runs of ${rows} rows, ${(size / 1e6).toFixed(1)} MB each`);

const bin = fileURLToPath(new URL("../bin/vae.js", import.meta.url));
const server = spawn(process.execPath, [bin, "ui", root, "--no-open", "--port", "0"]);
process.on("exit", () => server.kill());
const url = await new Promise<string>((resolve) => {
  server.stdout.on("data", (text: Buffer) => {
    const found = /http:\S+/.exec(String(text))?.[0];
    if (found !== undefined) resolve(found);
  });
});
const memory = () => /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]!;
const mb = (kb: string) => `${Math.round(Number(kb) / 1000)} MB`;
async function timed<T>(what: string, path: string): Promise<T> {
  const began = performance.now();
  const text = await (await fetch(url + path)).text();
  const took = performance.now() - began;
  console.log(`${what}: ${took.toFixed(0)} ms, ${(text.length / 1e3).toFixed(0)} kB, server ${mb(memory())}`);
  return JSON.parse(text) as T;
}
console.log(`server before: ${mb(memory())}`);
const list = await timed<RunList>("list of runs, first", "api/runs");
await timed("list of runs, again", "api/runs");
const ids = list.runs.map(({ id }) => id);
const query = (n: number, from: number, terms: readonly string[]) =>
  `api/series?points=800&smooth=0.6&${new URLSearchParams([
    ...ids.slice(from, from + n).map((id) => ["run", id]),
    ...terms.map((term) => ["term", term]),
  ])}`;
const six = ["train/total", "train/reconstruction", "train/kl", "val/objective", "val/elbo", "val/psnr"];
await timed<SeriesAnswer>("a term of a run, first", query(1, 0, ["train/total"]));
await timed<SeriesAnswer>("a term of a run, again", query(1, 0, ["train/total"]));
await timed<SeriesAnswer>("six terms of a run, first", query(1, 1, six));
await timed<SeriesAnswer>("six terms of ten runs, first", query(10, 10, six));
await timed<SeriesAnswer>("six terms of ten runs, again", query(10, 10, six));
for (let i = 0; i + 10 <= Math.min(ids.length, 100); i += 10)
  await (await fetch(url + query(10, i, six))).text();
console.log(`after curves of ${Math.min(ids.length, 100)} runs: server ${mb(memory())}`);

const browser = await openChromium();
if (browser === undefined) console.log("no Chromium here: the page is not measured");
else {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const began = performance.now();
  await page.goto(url);
  await page.waitForSelector("table.runs tbody tr");
  console.log(`page: the table after ${(performance.now() - began).toFixed(0)} ms`);
  await page.waitForFunction(() => document.querySelectorAll(".chart canvas").length >= 6);
  await page.waitForFunction(() => document.querySelector(".curves")?.getAttribute("aria-busy") === "false");
  console.log(`page: five runs' curves after ${(performance.now() - began).toFixed(0)} ms`);
  const client = await page.context().newCDPSession(page);
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = await client.send("Runtime.getHeapUsage");
  console.log(`page: ${(usedSize / 1e6).toFixed(0)} MB of JavaScript; server ${mb(memory())}`);
  const ticking = performance.now();
  await page.getByLabel(/^Show curves of all/).check();
  const ticked = Math.min(40, runs);
  await page.waitForFunction((n) => document.querySelectorAll(".legend li").length === n, ticked);
  await page.waitForFunction(() => document.querySelector(".curves")?.getAttribute("aria-busy") === "false");
  console.log(`page: ${ticked} runs' curves after ${(performance.now() - ticking).toFixed(0)} ms`);
  await client.send("HeapProfiler.collectGarbage");
  const full = await client.send("Runtime.getHeapUsage");
  console.log(`page: ${(full.usedSize / 1e6).toFixed(0)} MB of JavaScript; server ${mb(memory())}`);
  const typing = performance.now();
  await page.getByLabel("Filter runs").fill("version_49");
  await page.waitForFunction((most) => document.querySelectorAll("tbody tr").length <= most, 11);
  console.log(`page: filtered after ${(performance.now() - typing).toFixed(0)} ms`);
  await browser.close();
}
process.exit();

function stateAt(step: number) {
  const best = { monitor: "val/objective", mode: "min", value: 101, step };
  return { step, epoch: 10, batch: 0, best, ended: step, skipped: 0, window: { steps: 0, sums: {} } };
}
