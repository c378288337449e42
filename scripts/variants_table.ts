/**
 * Makes what the registry of variants is shown by: schema/config.schema.json, and README's tables of variants with their
 * pictures (docs/images/variants), each of a run of the variant's config on shapes3d:
 *
 *   npx tsx scripts/variants_table.ts [VARIANT …] [--runs DIR] [--epochs N] [--backend B]
 *
 * Where variants are named, only those are trained, and the numbers of the others stay as README has them. A variant
 * whose run in DIR is evaluated already is not trained again.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { getModel, modelNames } from "../src/models/registry.ts";
import { generatedFiles } from "./generate/files.ts";
import { pictureOf, sourceOf } from "./variants_table/section.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const METRICS = ["elbo", "psnr", "mig"] as const;
const DIGITS = { elbo: 0, psnr: 1, mig: 2 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "logs/variants" },
    epochs: { type: "string" },
    backend: { type: "string", default: "auto" },
  },
});
const unknown = positionals.filter((name) => getModel(name) === undefined);
if (unknown.length > 0) throw new Error(`expected variants of ${modelNames()}, got ${unknown}`);

mkdirSync(join(root, dirname(pictureOf("", "samples"))), { recursive: true });
const names = modelNames().filter((name) => positionals.length === 0 || positionals.includes(name));
const measured = new Map<string, string[]>();
for (const name of names) measured.set(name, numbersOf(await trainAndDraw(name)));
for (const [file, text] of Object.entries(await generatedFiles(measured)))
  writeFileSync(join(root, file), text);

/** Trains, evaluates and draws, unless that was done; gives the run's folder. */
async function trainAndDraw(name: string): Promise<string> {
  const run = join(values.runs, name, "version_0");
  if (!existsSync(join(run, "evaluation.json"))) {
    const sets = [`logging_params.save_dir=${values.runs}`, `logging_params.name=${name}`];
    if (values.epochs !== undefined) sets.push(`trainer_params.max_epochs=${values.epochs}`);
    const args = [
      "run",
      "--config",
      `configs/${sourceOf(name).replace(/\.ts$/, ".yaml")}`,
      "--resume",
      "auto",
    ];
    computing(...args, ...sets.flatMap((set) => ["--set", set]));
    try {
      computing("evaluate", run, "--metrics", METRICS.join());
    } catch {
      computing("evaluate", run, "--metrics", "psnr"); // all that a posterior allows which is not Gaussian
    }
  }
  await draw(pictureOf(name, "reconstructions"), run, "reconstruct", "--count", "8");
  await draw(pictureOf(name, "samples"), run, "sample", "--count", "16");
  return run;
}

/** As JPEG, an eighth of the bytes. */
async function draw(picture: string, run: string, command: string, ...args: string[]): Promise<void> {
  const png = join(run, `${command}.png`);
  computing(command, run, ...args, "--out", png, "--force");
  await sharp(png).jpeg({ quality: 82, mozjpeg: true }).toFile(join(root, picture));
}

function numbersOf(run: string): string[] {
  const { figures } = JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8"));
  return METRICS.map((metric) =>
    typeof figures[metric] === "number" ? figures[metric].toFixed(DIGITS[metric]) : "",
  );
}

function computing(...args: string[]): void {
  vae(...args, "--backend", values.backend);
}

function vae(...args: string[]): void {
  execFileSync(process.execPath, [join(root, "bin/vae.js"), ...args], { stdio: "inherit", cwd: root });
}
