import { type Command, Option } from "commander";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { writeOutputs } from "../outputs.ts";
import { addPictureOptions, type PictureOptions } from "../picture_options.ts";
import { imagesOrValidation, RUN_HELP, withRun } from "../with_run.ts";

const STANDARD = "interpolation.png";

interface Options extends PictureOptions {
  readonly steps: number;
  readonly path: "spherical" | "linear";
}

/** `vae interpolate RUN A B`: what lies between two images. */
export function addInterpolate(program: Command): void {
  const command = program
    .command("interpolate")
    .description("decode the way from one image to another, both shown at the ends")
    .argument("<run>", RUN_HELP)
    .argument("[a]", "first image; without the two: validation images")
    .argument("[b]", "last image")
    .option("--steps <n>", "images decoded, the two ends' among them", wholeNumber(2), 8)
    .addOption(
      new Option("--path <kind>", "along a great circle, or straight")
        .choices(["spherical", "linear"])
        .default("spherical"),
    );
  addPictureOptions(command, STANDARD, "of images of files, for a conditional model")
    .addHelpText(
      "after",
      examples({
        "vae interpolate logs/DFCVAE/version_0 a.png b.png": "8 steps, in interpolation.png",
        "vae interpolate logs/DFCVAE/version_0 a.png b.png --path linear --steps 5": "",
        "vae interpolate logs/DFCVAE/version_0": "between four pairs of validation images",
      }),
    )
    .action((path: string, a: string | undefined, b: string | undefined, options: Options, self: Command) => {
      if (a !== undefined && b === undefined)
        self.error("error: expected two images, A and B, or none, got one");
      return run(path, a === undefined || b === undefined ? [] : [a, b], options);
    });
}

function run(
  runPath: string,
  files: readonly string[],
  { steps, path, label, scale, out, force, ...options }: Options,
): Promise<void> {
  return withRun(runPath, options, async (opened, rng) => {
    const { interpolations } = await import("../../explore/interpolate.ts");
    const { gridPng } = await import("../../images/grid.ts");
    const images = await imagesOrValidation(opened, files, 8, label);
    if (images.shape[0] < 2 || (files.length > 0 && images.shape[0] > 2)) {
      const { ConfigError } = await import("../../errors.ts");
      throw new ConfigError(`vae interpolate: expected two images, got ${images.shape[0]}.`);
    }
    const made = await interpolations(opened.vae, images, { steps, path }, rng.fold("interpolate"));
    await writeOutputs({ out, force }, STANDARD, {
      png: () => gridPng(made.images, made.shape, { columns: steps + 2, range: opened.imageRange, scale }),
      arrays: { images: { shape: made.shape, data: made.images } },
    });
  });
}
