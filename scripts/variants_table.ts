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
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config/load.ts";
import { getModel, modelNames } from "../src/models/registry.ts";
import { markedSection } from "./variants_table/marked_section.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const README = join(root, "README.md");
const PICTURES = "docs/images/variants";
const FIGURES = ["elbo", "psnr", "mig"] as const;
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

vae("schema", "--out", "schema/config.schema.json", "--force");
mkdirSync(join(root, PICTURES), { recursive: true });
const configs = await configsByVariant();
const readme = readFileSync(README, "utf8");
const rows = modelNames().map((name) => {
  const trains = positionals.length === 0 || positionals.includes(name);
  const numbers = trains ? figuresOf(trainAndDraw(name)) : numbersInReadme(name);
  const { title, url } = getModel(name)!.paper;
  const links = configs.get(name)!.map((file) => `[${file.slice(8, -5)}](${file})`);
  const source = `[\`${name}\`](src/models/${stemOf(name)}.ts)`;
  return [source, `[${title}](${url})`, links.join(", "), ...numbers];
});
const pictures = modelNames().map((name) => [
  name,
  ...["reconstructions", "samples"].map((what) => `![${name}: ${what}](${PICTURES}/${name}_${what}.png)`),
]);
const section = [
  table(["variant", "paper", "configs", "ELBO, nats", "PSNR, dB", "MIG"], rows),
  table(["", "images, each with its reconstruction to the right", "samples"], pictures),
].join("\n\n");
writeFileSync(README, markedSection(readme, "scripts/variants_table.ts", section));

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...body];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Files of configs/ by the variant that they train, in the order of their names. */
async function configsByVariant(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>(modelNames().map((name) => [name, []]));
  for (const name of readdirSync(join(root, "configs")).filter((f) => f.endsWith(".yaml"))) {
    const { config } = await loadConfig(join(root, "configs", name));
    found.get(config.model_params.name)?.push(`configs/${name}`);
  }
  return found;
}

/** The stem that source, config and test of a variant share. */
function stemOf(name: string): string {
  const folder = join(root, "src/models");
  const file = readdirSync(folder).find(
    (f) => f.endsWith(".ts") && readFileSync(join(folder, f), "utf8").includes(`  name: "${name}",`),
  );
  if (file === undefined) throw new Error(`${name}: no file in src/models`);
  return file.slice(0, -3);
}

/** Trains, evaluates and draws, unless that was done; gives the run's folder. */
function trainAndDraw(name: string): string {
  const run = join(values.runs, name, "version_0");
  if (!existsSync(join(run, "evaluation.json"))) {
    const sets = [`logging_params.save_dir=${values.runs}`, `logging_params.name=${name}`];
    if (values.epochs !== undefined) sets.push(`trainer_params.max_epochs=${values.epochs}`);
    const args = ["run", "--config", `configs/${stemOf(name)}.yaml`, "--resume", "auto"];
    computing(...args, ...sets.flatMap((set) => ["--set", set]));
    try {
      computing("evaluate", run, "--metrics", FIGURES.join());
    } catch {
      computing("evaluate", run, "--metrics", "psnr"); // all that a posterior allows which is not Gaussian
    }
  }
  const picture = (what: string) => join(PICTURES, `${name}_${what}.png`);
  computing("reconstruct", run, "--count", "8", "--out", picture("reconstructions"), "--force");
  computing("sample", run, "--count", "16", "--out", picture("samples"), "--force");
  return run;
}

function figuresOf(run: string): string[] {
  const { figures } = JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8"));
  return FIGURES.map((figure) =>
    typeof figures[figure] === "number" ? figures[figure].toFixed(DIGITS[figure]) : "",
  );
}

/** The last cells of the variant's row. */
function numbersInReadme(name: string): string[] {
  const row = readme.split("\n").find((line) => line.startsWith(`| [\`${name}\`]`));
  if (row === undefined) throw new Error(`${name}: no row in README.md; name it among the variants to train`);
  const cells = row.split("|").slice(1, -1);
  return cells.slice(-FIGURES.length).map((cell) => cell.trim());
}

function computing(...args: string[]): void {
  vae(...args, "--backend", values.backend);
}

function vae(...args: string[]): void {
  execFileSync(process.execPath, [join(root, "bin/vae.js"), ...args], { stdio: "inherit", cwd: root });
}
