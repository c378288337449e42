/**
 * Makes what the registry of variants is shown by: schema/config.schema.json, and README's tables of variants with their
 * pictures (docs/images/variants), of the runs of the benchmark's first seed:
 *
 *   npx vae experiment configs/experiments/benchmark.yaml --out DIR
 *   npx tsx scripts/variants_table.ts DIR [VARIANT …]
 *
 * Where variants are named, the numbers and pictures of the others stay as README has them.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { findRuns } from "../src/experiment/runs/summary.ts";
import { getModel, modelNames } from "../src/models/registry.ts";
import { generatedFiles } from "./generate/files.ts";
import { pictureOf } from "./variants_table/section.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const METRICS = ["elbo", "psnr", "mig"] as const;
const EVALUATION = "experiment_evaluation.json";
const DIGITS = { elbo: 0, psnr: 1, mig: 2 };

const [folder = "", ...named] = process.argv.slice(2);
const unknown = named.filter((name) => getModel(name) === undefined);
if (unknown.length > 0) throw new Error(`expected variants of ${modelNames()}, got ${unknown}`);

mkdirSync(join(root, dirname(pictureOf("", "samples"))), { recursive: true });
const names = modelNames().filter((name) => named.length === 0 || named.includes(name));
const measured = new Map<string, string[]>();
for (const name of names) {
  const run = evaluatedRun(join(folder, name, "seed_1"));
  await draw(pictureOf(name, "reconstructions"), run, "reconstruct", "--count", "8");
  await draw(pictureOf(name, "samples"), run, "sample", "--count", "16", "--sampler", samplerOf(run));
  measured.set(name, numbersOf(run));
}
for (const [file, text] of Object.entries(await generatedFiles(measured)))
  writeFileSync(join(root, file), text);

/** The run that was measured: one that was stopped before its first checkpoint was begun anew. */
function evaluatedRun(seed: string): string {
  const found = findRuns(seed).find((run) => existsSync(join(run, EVALUATION)));
  if (found === undefined) throw new Error(`expected a run with ${EVALUATION} in ${seed}, got none`);
  return found;
}

/** What draws the samples that are shown: a fitted mixture, where z has a density. */
function samplerOf(run: string): string {
  return existsSync(join(run, "samplers/gmm.safetensors")) ? "gmm" : "prior";
}

/** As JPEG, an eighth of the bytes. */
async function draw(picture: string, run: string, command: string, ...args: string[]): Promise<void> {
  const png = join(run, `${command}.png`);
  vae(command, run, ...args, "--checkpoint", "last", "--out", png, "--force", "--backend", "wasm");
  await sharp(png).jpeg({ quality: 82, mozjpeg: true }).toFile(join(root, picture));
}

function numbersOf(run: string): string[] {
  const { figures } = JSON.parse(readFileSync(join(run, EVALUATION), "utf8"));
  return METRICS.map((metric) =>
    typeof figures[metric] === "number" ? figures[metric].toFixed(DIGITS[metric]) : "",
  );
}

function vae(...args: string[]): void {
  execFileSync(process.execPath, [join(root, "bin/vae.js"), ...args], { stdio: "inherit", cwd: root });
}
