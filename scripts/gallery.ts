/**
 * Trains configs of configs/gallery and makes what docs/gallery.md shows of each: pictures and NAME.json with its numbers.
 *
 *   npx tsx scripts/gallery.ts [NAME …] [--backend B] [--set KEY=VALUE …] [--logs DIR] [--out DIR]
 *     [--minutes N] [--total-minutes N] [--network NAME[:WEIGHTS]] [--images N] [--draws K] [--weights DIR]
 *
 * NAME is a config's, such as emoji_dfcvae; none: all. A run that is there is gone on with, and one that is complete is
 * only evaluated and drawn, so that the same command makes everything again. `--minutes`: of training, for each config;
 * what is then stopped is shown as such. `--total-minutes`: after that no config is begun, and the one under way has
 * what is left. `--set` is for all that are named. `--weights`: a folder that gets a copy of each run for exploring,
 * without the optimizer's state. Afterwards `npm run generate` writes the tables of docs/gallery.md.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { draw } from "./gallery/pictures.ts";
import { recordOf, runOf } from "./gallery/record.ts";
import { vae } from "./gallery/vae.ts";
import { copyWeights } from "./gallery/weights.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Seconds that evaluating and drawing are given, where all is to end in time. */
const AFTER = 60;
const INTERRUPTED = 130;

interface SomeConfig {
  readonly model_params: object;
  readonly data_params: { readonly name: string };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: "string", default: "auto" },
    set: { type: "string", multiple: true, default: [] },
    logs: { type: "string", default: "logs" },
    out: { type: "string", default: join(root, "docs/images/gallery") },
    minutes: { type: "string" },
    "total-minutes": { type: "string" },
    network: { type: "string", default: "tiny_vgg" },
    images: { type: "string", default: "1000" },
    draws: { type: "string", default: "500" },
    weights: { type: "string" },
  },
});
const all = readdirSync(join(root, "configs/gallery")).flatMap((file) =>
  file.endsWith(".yaml") ? [file.slice(0, -5)] : [],
);
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`expected configs of ${all.join(", ")}, got ${unknown.join(", ")}`);
const [logs, out] = [resolve(values.logs), resolve(values.out)];
const end = performance.now() / 1000 + 60 * Number(values["total-minutes"] ?? Infinity);
mkdirSync(out, { recursive: true });

for (const name of positionals.length > 0 ? positionals : all) {
  const left = end - performance.now() / 1000 - AFTER;
  if (left < AFTER) {
    console.log(`-- ${name}: left out, there is no time`);
    process.exitCode = 1;
    continue;
  }
  console.log(`-- ${name}`);
  try {
    const run = await train(name, Math.min(60 * Number(values.minutes ?? Infinity), left));
    if (values.weights !== undefined)
      copyWeights(run, join(resolve(values.weights), basename(dirname(run)), basename(run)));
    await record(name, run);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/** The run's folder, after training for `seconds` at most. */
async function train(name: string, seconds: number): Promise<string> {
  const sets = [...values.set, `logging_params.save_dir=${logs}`].flatMap((set) => ["--set", set]);
  const args = ["run", "--config", `configs/gallery/${name}.yaml`, "--resume", "auto", ...sets];
  const limit = Number.isFinite(seconds) ? seconds : undefined;
  const { code } = await vae(root, [...args, "--backend", values.backend], limit);
  const run = runOf(logs, name);
  if (run === undefined || (code !== 0 && code !== INTERRUPTED))
    throw new Error(`${name}: training ended with code ${code}`);
  return run;
}

/** Fits a sampler, evaluates, draws and writes NAME.json. */
async function record(name: string, run: string): Promise<void> {
  const config = parse(readFileSync(join(run, "config.yaml"), "utf8"));
  const binary = (config.data_params.binarize ?? "off") !== "off";
  const sampler = "latent_dim" in config.model_params ? "gmm" : "pixel_cnn";
  const fitted = await vae(root, ["fit-sampler", run, "--sampler", sampler, "--backend", values.backend]);
  if (fitted.code !== 0) throw new Error(`${name}: fitting ${sampler} ended with code ${fitted.code}`);
  const evaluation = join(run, "gallery_evaluation.json");
  const chosen = ["--metrics", metricsOf(config, binary).join(), "--max-images", values.images];
  const where = ["--network", values.network, "--out", evaluation, "--force", "--backend", values.backend];
  const { code } = await vae(root, ["evaluate", run, ...chosen, "--draws", values.draws, ...where]);
  if (code !== 0) throw new Error(`${name}: evaluation ended with code ${code}`);
  const pictures = await draw(root, name, run, out, { backend: values.backend, sampler });
  const draws = binary ? Number(values.draws) : undefined;
  const made = recordOf(name, run, evaluation, { pictures, sampler, set: values.set, draws });
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(made, null, 2)}\n`);
}

/** Those that a model with such a config has on its data. */
function metricsOf({ model_params, data_params }: SomeConfig, binary: boolean): string[] {
  const gaussian = "latent_dim" in model_params;
  return [
    ...["psnr", "ssim", "frechet"],
    ...(gaussian ? ["elbo", "kl"] : []),
    ...(gaussian && data_params.name === "shapes3d" ? ["mig", "dci"] : []),
    ...(gaussian && binary ? ["log_likelihood"] : []),
  ];
}
