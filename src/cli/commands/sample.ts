import type { Command } from "commander";
import { examples } from "../examples.ts";
import { positive, wholeNumber } from "../numbers.ts";
import { writeOutputs } from "../outputs.ts";
import { addPictureOptions, type PictureOptions } from "../picture_options.ts";
import { samplerOption } from "../sampler_options.ts";
import { RUN_HELP, withRun } from "../with_run.ts";

const STANDARD = "samples.png";

interface Options extends PictureOptions {
  readonly count: number;
  readonly temperature: number;
  readonly sampler: string;
}

/** `vae sample RUN`: images decoded from the prior, or from what a fitted sampler draws. */
export function addSample(program: Command): void {
  const command = program
    .command("sample")
    .description("decode images from noise")
    .argument("<run>", RUN_HELP)
    .option("--count <n>", "images", wholeNumber(1), 64)
    .option("--temperature <t>", "factor on the noise: below 1 less varied", positive, 1)
    .addOption(samplerOption("what draws z, once vae fit-sampler has fitted it").default("prior"));
  addPictureOptions(command, STANDARD, "of a conditional model: what is drawn; others as in the data")
    .addHelpText(
      "after",
      examples({
        "vae sample logs/DFCVAE/version_0": "64 of them, in samples.png",
        "vae sample logs/DFCVAE/version_0 --temperature 0.7 --seed 3": "less varied, of other noise",
        "vae sample logs/DFCVAE/version_0 --sampler gmm": "by what vae fit-sampler has fitted",
        "vae sample logs/ConditionalVAE/version_0 --label shape=2": "spheres",
        "vae sample logs/DFCVAE/version_0 --count 5000 --out samples.npy": "for a program, [5000, H, W, C]",
      }),
    )
    .action((path: string, options: Options) => run(path, options));
}

async function run(
  path: string,
  { count, temperature, sampler: name, label, scale, out, force, ...options }: Options,
): Promise<void> {
  const { samplerNamed } = await import("../../samplers/registry.ts");
  const sampler = samplerNamed(name); // a mistake is told before anything is opened
  return withRun(path, options, async (run, rng) => {
    const { squareGrid } = await import("../../explore/grids.ts");
    const { sampleRun } = await import("../../experiment/trained/sample_run.ts");
    const drawn = await sampleRun(run, count, { sampler, temperature, label }, rng);
    await writeOutputs({ out, force }, STANDARD, {
      png: () => squareGrid(drawn, run.imageRange, scale),
      arrays: { images: { shape: drawn.shape, data: drawn.images } },
    });
  });
}
