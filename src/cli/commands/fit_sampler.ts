import type { Command } from "commander";
import type { Fitted } from "../../experiment/trained/fit_samplers.ts";
import { counted } from "../../text/counted.ts";
import { duration, short } from "../../text/numbers.ts";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { progressTo } from "../progress.ts";
import { givenOptions, samplerOption, samplerOptions } from "../sampler_options.ts";
import { addRunOptions, RUN_HELP, type RunOptions, withRun } from "../with_run.ts";

interface Options extends RunOptions {
  readonly sampler: string;
  readonly maxImages: number;
  readonly json: boolean;
}

/** `vae fit-sampler RUN`: densities fitted to the z of training images, to draw samples from in the prior's place. */
export function addFitSampler(program: Command): void {
  const command = program
    .command("fit-sampler")
    .description("fit a density to the z of training images, for samples that look more like them")
    .argument("<run>", RUN_HELP)
    .addOption(
      samplerOption("what to fit, one or several with commas", "--sampler <names>").makeOptionMandatory(),
    )
    .option("--max-images <n>", "training images at most, from all over the split", wholeNumber(1), 10_000)
    .option("--json", "print the numbers as JSON", false);
  for (const option of samplerOptions()) command.addOption(option);
  addRunOptions(command)
    .addHelpText(
      "after",
      examples({
        "vae fit-sampler logs/DFCVAE/version_0 --sampler gmm": "then: vae sample RUN --sampler gmm",
        "vae fit-sampler logs/DFCVAE/version_0 --sampler gmm --components 50": "a finer one",
        "vae fit-sampler logs/DFCVAE/version_0 --sampler gmm,flow,two_stage":
          "then vae evaluate RUN compares their samples",
        "vae fit-sampler logs/VQVAE/version_0 --sampler pixel_cnn": "a PixelCNN, to a VQVAE's codes",
      }),
    )
    .action((path: string, options: Options) => run(path, options));
}

async function run(path: string, { sampler, maxImages, json, ...options }: Options): Promise<void> {
  const { samplerNamed } = await import("../../samplers/registry.ts");
  // Mistakes are told before anything is opened.
  const names = [...new Set(sampler.split(",").map((name) => name.trim()))];
  const given = givenOptions(names.map(samplerNamed), { ...options });
  await withRun(path, options, async (opened) => {
    const { fitSamplers } = await import("../../experiment/trained/fit_samplers.ts");
    const seed = options.seed ?? opened.config.exp_params.manual_seed;
    const all: Fitted[] = [];
    const progress = progressTo(process.stderr);
    for await (const fitted of fitSamplers(opened, { maxImages, seed, given, progress })) {
      all.push(fitted);
      for (const note of fitted.notes) console.error(`note   ${fitted.sampler}: ${note}`);
      if (!json) console.log(report(fitted));
    }
    if (json) console.log(JSON.stringify(all, null, 2));
  });
}

function report({ sampler, images, seconds, numbers, file }: Fitted): string {
  const { held_out_log_p, held_out_log_p_unit_gaussian, ...others } = numbers;
  const likelihood =
    held_out_log_p === undefined
      ? []
      : [
          `log p(z) of the held-out tenth ${short(held_out_log_p)} nats an image${held_out_log_p_unit_gaussian === undefined ? "" : `, N(0, I) ${short(held_out_log_p_unit_gaussian)}`}`,
        ];
  const rest = Object.entries(others).map(([name, value]) => `${name} ${short(value)}`);
  return [
    `${sampler}: fitted to ${counted(images, "image")} in ${duration(seconds)}, ${[...likelihood, ...rest].join(" · ")}`,
    `written to ${file}`,
  ].join("\n");
}
