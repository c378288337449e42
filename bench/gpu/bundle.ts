/**
 * Makes a folder that measures this project beside PyTorch and jax on a machine that has an NVIDIA GPU and a Python
 * with both, and neither Node nor a network (Linux, x64):
 *
 *   npx tsx bench/gpu/bundle.ts FOLDER [--node FILE] [--gallery NAME,…]
 *
 * There: bash FOLDER/run.sh. With --gallery, configs of configs/gallery, it has their data too and trains them: bash
 * FOLDER/gallery.sh. Inside are the compiled package with what it needs of node_modules and the Node that
 * runs this (or --node), stripped, as one archive; the benches in Python lie beside it.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { copyGallery } from "./bundle/gallery.ts";
import { copyPackages } from "./bundle/packages.ts";

/** So that it may travel with a checkout, which has 17 MB itself, where 64 MiB are the most. */
const MOST_BYTES = 50e6;
const ARCHIVE = "tfjs-vae.tar.xz";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { node: { type: "string", default: process.execPath }, gallery: { type: "string" } },
});
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  console.error(`bundle.ts: expected one FOLDER, got ${positionals.length}`);
  process.exit(2);
}

const stage = mkdtempSync(join(tmpdir(), "tfjs-vae-bundle-"));
try {
  stageProject(join(stage, "tfjs-vae"));
  stageNode(join(stage, "node"));
  const gallery = values.gallery?.split(",") ?? [];
  if (gallery.length > 0) await copyGallery(root, gallery, join(stage, "tfjs-vae"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = join(resolve(folder), ARCHIVE);
  execFileSync(
    "tar",
    ["--create", "--use-compress-program=xz -T0 -9", `--file=${archive}`, "node", "tfjs-vae"],
    {
      cwd: stage,
    },
  );
  if (gallery.length > 0) {
    cpSync(join(root, "bench/gpu/gallery.sh"), join(folder, "gallery.sh"));
    writeFileSync(join(folder, "NAMES"), `${gallery.join(" ")}\n`);
  }
  cpSync(join(root, "bench/gpu/run.sh"), join(folder, "run.sh"));
  cpSync(join(root, "bench/gpu/measure"), join(folder, "measure"), {
    recursive: true,
    filter: (file) => !file.includes("__pycache__"),
  });
  writeFileSync(join(folder, "VERSION"), `${git("describe", "--always", "--dirty")}\n`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
const bytes = sizeOf(folder);
console.log(`${folder}: ${(bytes / 1e6).toFixed(1)} MB`);
if (bytes > MOST_BYTES) {
  console.error(`expected ${MOST_BYTES / 1e6} MB at most`);
  process.exitCode = 1;
}

/** The package as it is published, compiled, with the packages that its training needs. */
function stageProject(to: string): void {
  mkdirSync(to, { recursive: true });
  execFileSync(
    process.execPath,
    [
      join(root, "node_modules/typescript/bin/tsc"),
      ...[
        "--project",
        join(root, "tsconfig.build.json"),
        "--outDir",
        join(to, "dist"),
        "--declaration",
        "false",
      ],
    ],
    { stdio: "inherit" },
  );
  for (const part of ["bin", "assets", "configs", "schema", "bench/configs", "package.json"])
    cpSync(join(root, part), join(to, part), { recursive: true });
  copyPackages(root, join(to, "node_modules"));
}

function stageNode(to: string): void {
  cpSync(values.node, to);
  execFileSync("strip", [to]);
}

function git(...args: string[]): string {
  return execFileSync("git", ["-C", root, ...args], { encoding: "utf8" }).trim();
}

function sizeOf(path: string): number {
  const listed = execFileSync("find", [path, "-type", "f"], { encoding: "utf8" }).trim().split("\n");
  return listed.reduce((sum, file) => sum + statSync(file).size, 0);
}
