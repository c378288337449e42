import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
// @ts-expect-error a script without types
import { bundleTfjsNode } from "../../../scripts/bundle_tfjs_node.js";

// What the published package has of tfjs-node, beside tfjs-core alone, as a package manager lays them out.
const folder = mkdtempSync(join(tmpdir(), "vae-tfjs-node-"));
const bundle = join(folder, "tfjs_node.cjs");
const root = fileURLToPath(new URL("../../..", import.meta.url));
beforeAll(async () => {
  const core = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-core/package.json"));
  mkdirSync(join(folder, "node_modules/@tensorflow"), { recursive: true });
  symlinkSync(core, join(folder, "node_modules/@tensorflow/tfjs-core"));
  await bundleTfjsNode(bundle);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Names of the kernels for "tensorflow" after `load` in the folder `cwd`. */
function kernels(load: string, cwd: string): string[] {
  const script = `
    const util = require("util");
    Object.assign(util, { isArray: Array.isArray, isNullOrUndefined: (x) => x == null });
    ${load};
    const { getKernelsForBackend } = require("@tensorflow/tfjs-core");
    console.log(JSON.stringify(getKernelsForBackend("tensorflow").map((k) => k.kernelName)));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { cwd, encoding: "utf8" });
  expect(stderr).not.toMatch(/Error/);
  return JSON.parse(stdout.trim().split("\n").at(-1)!).sort();
}

it("is its backend and every kernel of it, and asks for tfjs-core alone", () => {
  const bundled = kernels(`if (!require("./tfjs_node.cjs").NodeJSKernelBackend) throw new Error()`, folder);
  expect(bundled.length).toBeGreaterThan(100);
  expect(bundled).toEqual(kernels(`require("@tensorflow/tfjs-node-gpu/dist/register_all_kernels")`, root));
  const asked = readFileSync(bundle, "utf8").matchAll(/require\("([^"]+)"\)/g);
  expect([...new Set([...asked].map(([, name]) => name))].sort()).toEqual([
    "@tensorflow/tfjs-core",
    "os",
    "util",
  ]);
});

it("keeps the licence's notices and says what was changed", () => {
  const text = readFileSync(bundle, "utf8");
  expect(text).toMatch(/^\/\/ @tensorflow\/tfjs-node-gpu 4\.22\.0 \(Apache-2\.0\): /);
  expect(text.match(/Licensed under the Apache License, Version 2\.0/g)!.length).toBeGreaterThan(100);
});
