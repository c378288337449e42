/**
 * Every command that computes, of a run of seconds of every variant, on two backends: what runs on the first has to run
 * on the other. Prints a line for each command and each note, and ends with code 1 where one fails on the other alone.
 *
 *   npx tsx scripts/every_command.ts [--backends wasm,xla:cpu] [--only VQVAE,IWAE]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config/load.ts";

const { values: args } = parseArgs({
  options: {
    backends: { type: "string", default: "wasm,xla:cpu" },
    only: { type: "string", default: "" },
  },
});
const backends = args.backends.split(",");
const BIN = join(import.meta.dirname, "../bin/vae.js");
const CONFIGS = join(import.meta.dirname, "../configs");

/** Seconds on two cores, and enough images for every metric. */
const SIZES = {
  data_params: { size: 192, train_batch_size: 16, val_batch_size: 16, val_limit: 40 },
  trainer_params: { limit_train_batches: 3 },
  logging_params: { image_count: 4, latent_count: 32 },
};
const SMALL = [
  ...Object.entries(SIZES).flatMap(([section, values]) =>
    Object.entries(values).map(([key, value]) => `${section}.${key}=${value}`),
  ),
  ...["trainer_params.max_epochs=1", "logging_params.name=tiny"],
].flatMap((value) => ["--set", value]);

/** The command lines on a run and its config, after the run itself; `{out}` is a folder of their own. */
const COMMANDS: readonly (readonly string[])[] = [
  ["run", "--resume", "{run}", "--set", "trainer_params.max_epochs=2"],
  ["run", "--config", "{config}", ...SMALL, "--set", "trainer_params.compile=false"],
  ["run", "--config", "{config}", ...SMALL, "--set", "trainer_params.precision=bfloat16"],
  ["run", "--config", "{config}", ...SMALL, "--set", "exp_params.optimizer=sgd"],
  ["evaluate", "{run}", "--max-images", "40", "--draws", "2", "--out", "{out}/evaluation.json"],
  ["evaluate", "{run}", "--max-images", "40", "--split", "train", "--metrics", "frechet,perceptual"],
  ["sample", "{run}", "--count", "5", "--out", "{out}/s.png", "--out", "{out}/s.npy"],
  ["reconstruct", "{run}", "--count", "5", "--out", "{out}/r.png", "--out", "{out}/r.npz"],
  ["interpolate", "{run}", "--out", "{out}/i.png"],
  ["interpolate", "{run}", "--path", "linear", "--steps", "3", "--out", "{out}/l.png"],
  ["traverse", "{run}", "--images", "32", "--dimensions", "2", "--out", "{out}/t.png", "--json"],
  ["attribute", "{run}", "--attribute", "shape=3", "--images", "100", "--out", "{out}/a.png"],
  ["encode", "{run}", "val", "--out", "{out}/z.npz"],
  ["fit-sampler", "{run}", "--sampler", "gmm", "--components", "2", "--max-images", "100"],
  ["sample", "{run}", "--sampler", "gmm", "--count", "5", "--out", "{out}/g.png"],
  ["compare", "{run}", "{run}", "--count", "2", "--out", "{out}/c.png"],
  ["export", "{run}", "--format", "safetensors", "--out", "{out}/w.safetensors"],
  ["export", "{run}", "--format", "pt-names", "--out", "{out}/w.pth"],
  ["export", "{run}", "--format", "tfjs", "--out", "{out}/decoder"],
  ["import", "{out}/w.pth", "--config", "{config}", "--out", "{out}/imported/version_0"],
  ["bench", "--config", "{config}", ...SMALL, "--steps", "1", "--warmup", "1"],
  ["experiment", "{experiment}", "--out", "{out}/experiment"],
];

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

function vae(line: readonly string[], cwd: string): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...line], { cwd });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, text }));
  });
}

/** All commands on a config and a backend, in their order. */
async function live(config: string, backend: string, root: string): Promise<Ended[]> {
  const folder = mkdtempSync(join(root, "run-"));
  const places = {
    "{run}": join(folder, "logs/tiny/version_0"),
    "{config}": config,
    "{out}": mkdtempSync(join(folder, "out-")),
    "{experiment}": join(folder, "experiment.yaml"),
  };
  const runs = { only: { extends: config } };
  const evaluation = { metrics: ["frechet", "kl"], max_images: 40 };
  const experiment = { name: "tiny", steps: 2, seeds: [1], shared: SIZES, runs, evaluation };
  writeFileSync(places["{experiment}"], JSON.stringify(experiment));
  const fill = (word: string) =>
    Object.entries(places).reduce((filled, [name, place]) => filled.replace(name, place), word);
  const ended: Ended[] = [];
  for (const line of [["run", "--config", config, ...SMALL], ...COMMANDS])
    ended.push(await vae([...line.map(fill), "--backend", backend], folder));
  return ended;
}

const root = mkdtempSync(join(tmpdir(), "vae-commands-"));
const configs = new Map<string, string>();
for (const name of readdirSync(CONFIGS).filter((file) => file.endsWith(".yaml"))) {
  const file = join(CONFIGS, name);
  const { model_params, data_params } = (await loadConfig(file)).config;
  if (data_params.name === "shapes3d" && !configs.has(model_params.name))
    configs.set(model_params.name, file);
}
let failed = 0;
for (const [variant, config] of configs) {
  if (args.only !== "" && !args.only.split(",").includes(variant)) continue;
  const results = await Promise.all(backends.map((backend) => live(config, backend, root)));
  [["run"], ...COMMANDS].forEach((line, i) => {
    const codes = results.map((ended) => ended[i]!.code);
    const bad = codes[0] === 0 && codes.some((code) => code !== 0);
    if (bad) failed++;
    console.log(
      `${bad ? "FAILED" : "      "} ${variant}  ${codes.join(" ")}  vae ${line.filter((word) => !SMALL.includes(word)).join(" ")}`,
    );
    results.forEach((ended, b) => {
      const { text, code } = ended[i]!;
      const told = text.split("\n").filter((l) => /^note|\bxla: |^\s+at /.test(l));
      const last = code === 0 ? [] : text.trim().split("\n").slice(-3);
      for (const l of new Set([...told, ...last])) console.log(`         ${backends[b]}: ${l}`);
    });
  });
}
rmSync(root, { recursive: true, force: true });
console.log(failed === 0 ? "nothing fails on one alone" : `${failed} fail`);
process.exitCode = failed === 0 ? 0 : 1;
