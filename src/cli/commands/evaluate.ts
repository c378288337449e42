import { type Command, Option } from "commander";
import { ConfigError, UserError } from "../../errors.ts";
import { EVALUATION_DEFAULTS } from "../../experiment/evaluation/defaults.ts";
import type { Evaluation } from "../../experiment/evaluation/evaluate_run.ts";
import { counted } from "../../text/counted.ts";
import { short } from "../../text/numbers.ts";
import { endingOf } from "../endings.ts";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { backendOption, checkpointOption, repeatable, setOption } from "../options.ts";
import { RUN_HELP } from "../with_run.ts";
import { addForce, writeOutput } from "../write_output.ts";

interface Options {
  readonly checkpoint?: string;
  readonly metrics?: string;
  /** Older name of `metrics`. */
  readonly figures?: string;
  readonly split?: "train" | "val" | "test";
  readonly maxImages: number;
  readonly draws: number;
  readonly seed: number;
  readonly network?: readonly string[];
  readonly lpips?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly set?: readonly string[];
  readonly backend: string;
  readonly json: boolean;
}

/** `vae evaluate`: the metrics of a trained model. */
export function addEvaluate(program: Command): void {
  const command = program
    .command("evaluate")
    .description(
      "compute the metrics of a trained model: likelihoods, similarities, distances, disentanglement",
    )
    .argument("<run>", RUN_HELP)
    .addOption(checkpointOption())
    .option("--metrics <names>", "a list such as elbo,ssim,frechet; all that can be computed where left out")
    .addOption(new Option("--figures <names>").conflicts("metrics").hideHelp())
    .addOption(
      new Option("--split <name>", "images to evaluate on; test where there are any").choices([
        "train",
        "val",
        "test",
      ]),
    )
    .option(
      "--max-images <n>",
      "images at most, from all over the split",
      wholeNumber(1),
      EVALUATION_DEFAULTS.maxImages,
    )
    .option("--draws <k>", "draws of z for log_likelihood", wholeNumber(1), EVALUATION_DEFAULTS.draws)
    .option("--seed <n>", "of all draws", wholeNumber(0), EVALUATION_DEFAULTS.seed)
    .addOption(
      repeatable(
        "--network <name>",
        `of the Fréchet and the perceptual distance: NAME or NAME:WEIGHTS; default: ${EVALUATION_DEFAULTS.network}`,
      ),
    )
    .option("--lpips <files>", "VARIANT:BACKBONE:HEADS, such as vgg:vgg16.pth:lpips/vgg.pth")
    .option(
      "--out <file>",
      "JSON file to write; evaluation.json in the run, or the next free number, where left out",
    )
    .addOption(setOption("evaluate with a value of the config changed"))
    .addOption(backendOption())
    .option("--json", "print JSON instead of a table", false)
    .addHelpText(
      "after",
      examples({
        "vae evaluate logs/DFCVAE/version_0": "all metrics that its data allow",
        "vae evaluate logs/DFCVAE/version_0 --metrics elbo,kl --json": "two of them, for a program",
        "vae evaluate RUN --metrics frechet --network vgg16:vgg16.pth": "by another network",
      }),
    )
    .action((run: string, options: Options) => evaluate(run, options));
  addForce<Options>(command, ({ out }) => (out === undefined ? [] : [out]));
}

async function evaluate(path: string, options: Options): Promise<void> {
  const { openTrained } = await import("../../experiment/trained/open_trained.ts");
  const { evaluateRun } = await import("../../experiment/evaluation/evaluate_run.ts");
  const { networkNames } = await import("../../features/registry.ts");
  const { parseLpips } = await import("../../metrics/lpips_files.ts");
  const { runFiles } = await import("../../experiment/runs/run_files.ts");
  const { metricNamed } = await import("../../metrics/registry.ts");
  // Mistakes are told before anything is opened.
  if (options.out !== undefined) endingOf("--out", options.out, [".json"]);
  const networks = (options.network ?? [EVALUATION_DEFAULTS.network]).map((given) => {
    const [name, ...weights] = given.split(":");
    if (!networkNames().includes(name!))
      throw new ConfigError(`--network: expected one of ${networkNames().join(", ")}, got "${name}".`);
    return { name: name!, ...(weights.length > 0 && { weights: weights.join(":") }) };
  });
  if (options.figures !== undefined) console.error("note   --figures is named --metrics now");
  const names = (options.metrics ?? options.figures)?.split(",").map((name) => name.trim());
  names?.forEach(metricNamed);
  const baseDir = process.cwd();
  const lpips = options.lpips === undefined ? undefined : parseLpips(options.lpips, baseDir);
  const run = await openTrained(path, {
    backend: options.backend,
    ...(options.checkpoint !== undefined && { checkpoint: options.checkpoint }),
    ...(options.set && { set: options.set }),
  });
  try {
    const split = options.split ?? ((await run.dataset()).splits.test.size > 0 ? "test" : "val");
    const result = await evaluateRun(
      run,
      {
        split,
        maxImages: options.maxImages,
        draws: options.draws,
        seed: options.seed,
        networks,
        lpips,
        baseDir,
      },
      names,
      { say: (text) => process.stderr.isTTY && console.error(text) },
    );
    const text = `${JSON.stringify(result, null, 2)}\n`;
    const standard = runFiles(run.runDir).evaluation;
    const { out: named, force } = options;
    const out = await writeOutput(named ?? standard, text, { named: named !== undefined, force });
    process.stdout.write(options.json ? text : `${await report(result)}\nwritten to ${out}\n`);
    const missing = names?.find((metric) => result.left_out[metric] !== undefined);
    if (missing !== undefined) throw new UserError(`--metrics ${missing}: ${result.left_out[missing]}.`);
  } finally {
    await run.close();
  }
}

/** The metrics as a table, with what they were made from above and what is missing below. */
async function report(e: Evaluation): Promise<string> {
  const { BETTER_WORDS, betterOf, metricOf } = await import("../../metrics/table.ts");
  const { table } = await import("../table.ts");
  const rows: string[][] = [];
  const lists: string[] = [];
  for (const [name, value] of Object.entries(e.figures)) {
    const unit = metricOf(name)?.unit ?? "";
    if (typeof value === "number") rows.push([name, text(value), unit, BETTER_WORDS[betterOf(name)]]);
    else lists.push(`${name} (${unit})  ${shown(value)}`);
  }
  const likelihood = e.trained_likelihood;
  const trained = Object.entries(e.trained_on).map(([name, { split, images }]) => ({
    name,
    by: `${counted(images, "image")} of the ${split} split`,
  }));
  return [
    `${e.model} at step ${e.step} (${e.checkpoint}), ${counted(e.images, "image")} of ${e.data}'s ${e.split} split, seed ${e.seed}`,
    ...(rows.length > 0 ? [table(["metric", "value", "unit", "better"], rows)] : []),
    ...lists,
    ...(likelihood ? [`_trained: of the likelihood that the loss stands for, ${likelihood}`] : []),
    ...(trained.length > 0
      ? [`${trained.map(({ name }) => name).join(", ")}: trained on ${trained[0]!.by}, judged by those above`]
      : []),
    ...e.notes.map((note) => `note: ${note}`),
    ...Object.entries(e.left_out).map(([name, reason]) => `left out: ${name} ${reason}`),
  ].join("\n");
}

/** The largest of a list, each with its number. */
function shown(value: readonly number[]): string {
  const order = [...value.keys()].sort((a, b) => value[b]! - value[a]!);
  const largest = order.slice(0, 8).map((d) => `${d}: ${text(value[d]!)}`);
  return `${largest.join("  ")}${value.length > 8 ? `  … (the largest of ${value.length})` : ""}`;
}

const text = (value: number): string => short(value, { decimals: 1 });
