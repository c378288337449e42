/**
 * Trains every variant by its config on shapes3d, evaluates it, and writes README's table of variants with their
 * pictures (docs/images/variants):
 *
 *   npx tsx scripts/variants_table.ts [--runs DIR] [--epochs N] [--backend B]
 *
 * A variant whose run in DIR is evaluated already is not trained again.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config/load.ts";
import type { Paper } from "../src/models/define.ts";
import { getModel, modelNames } from "../src/models/registry.ts";
import { markedSection } from "./variants_table/marked_section.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const PICTURES = "docs/images/variants";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "logs/variants" },
    epochs: { type: "string" },
    backend: { type: "string", default: "auto" },
  },
});

/** Configs by variant, in the order of their names; the first on shapes3d is trained. */
const configs = new Map<string, { file: string; dataset: string }[]>();
for (const name of readdirSync(join(root, "configs")).filter((f) => f.endsWith(".yaml"))) {
  const { config } = await loadConfig(join(root, "configs", name));
  const of = configs.get(config.model_params.name) ?? [];
  of.push({ file: `configs/${name}`, dataset: config.data_params.name });
  configs.set(config.model_params.name, of);
}

mkdirSync(join(root, PICTURES), { recursive: true });
const rows = modelNames().map((name) => {
  const of = configs.get(name) ?? [];
  const trained = of.find(({ dataset, file }) => dataset === "shapes3d" && !file.includes("plain"));
  if (trained === undefined) throw new Error(`${name}: no config on shapes3d`);
  return row(name, trained.file, of);
});
const table = [
  "| variant | paper | configs | reconstructions | samples | ELBO, nats | PSNR, dB | MIG |",
  "|---|---|---|---|---|---|---|---|",
  ...rows,
].join("\n");
const readme = join(root, "README.md");
writeFileSync(readme, markedSection(readFileSync(readme, "utf8"), "scripts/variants_table.ts", table));

function row(name: string, config: string, all: readonly { file: string }[]): string {
  const run = train(name, config);
  const figures = JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8")).figures;
  const shown = (figure: string, digits: number) =>
    typeof figures[figure] === "number" ? figures[figure].toFixed(digits) : "";
  const { paper } = getModel(name)!;
  const source = `src/models/${sourceOf(name)}`;
  const links = all.map(({ file }) => `[${file.slice(8, -5)}](${file})`).join(", ");
  const pictures = ["reconstructions", "samples"].map((what) => `![](${PICTURES}/${name}_${what}.png)`);
  const cells = [`[\`${name}\`](${source})`, link(paper), links, ...pictures];
  return `| ${[...cells, shown("elbo", 0), shown("psnr", 1), shown("mig", 2)].join(" | ")} |`;
}

function link({ title, url }: Paper): string {
  return `[${title}](${url})`;
}

function sourceOf(name: string): string {
  const folder = join(root, "src/models");
  const file = readdirSync(folder).find(
    (f) => f.endsWith(".ts") && readFileSync(join(folder, f), "utf8").includes(`  name: "${name}",`),
  );
  if (file === undefined) throw new Error(`${name}: no file in src/models`);
  return file;
}

/** Trains, evaluates and draws, unless that was done; gives the run's folder. */
function train(name: string, config: string): string {
  const run = join(values.runs, name, "version_0");
  if (!existsSync(join(run, "evaluation.json"))) {
    const sets = [`logging_params.save_dir=${values.runs}`, `logging_params.name=${name}`];
    if (values.epochs !== undefined) sets.push(`trainer_params.max_epochs=${values.epochs}`);
    vae("run", "--config", config, "--resume", "auto", ...sets.flatMap((set) => ["--set", set]));
    vae("evaluate", run, "--metrics", figuresOf(name));
  }
  const picture = (what: string) => join(PICTURES, `${name}_${what}.png`);
  vae("reconstruct", run, "--count", "8", "--out", picture("reconstructions"), "--scale", "1", "--force");
  vae("sample", run, "--count", "16", "--out", picture("samples"), "--scale", "1", "--force");
  return run;
}

/** Of a grid of codes there is only what pictures say (docs/figures.md). */
function figuresOf(name: string): string {
  return name === "VQVAE" ? "psnr" : "elbo,psnr,mig";
}

function vae(...args: string[]): void {
  const all = [join(root, "bin/vae.js"), ...args, "--backend", values.backend];
  execFileSync(process.execPath, all, { stdio: "inherit", cwd: root });
}
