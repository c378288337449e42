import type { Command } from "commander";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { writeOutputs } from "../outputs.ts";
import { addPictureOptions, type PictureOptions } from "../picture_options.ts";
import { imagesOrValidation, RUN_HELP, withRun } from "../with_run.ts";

const STANDARD = "reconstructions.png";

interface Options extends PictureOptions {
  readonly count: number;
  readonly json: boolean;
}

/** `vae reconstruct RUN [IMAGE…]`: images beside what the model makes of them. */
export function addReconstruct(program: Command): void {
  const command = program
    .command("reconstruct")
    .description("show images, each with its reconstruction to the right")
    .argument("<run>", RUN_HELP)
    .argument("[images...]", "images, folders or globs; without: validation images")
    .option("--count <n>", "validation images, where no others are given", wholeNumber(1), 32)
    .option("--json", "print each image's squared error per element as JSON", false);
  addPictureOptions(command, STANDARD, "of images of files, for a conditional model")
    .addHelpText(
      "after",
      examples({
        "vae reconstruct logs/DFCVAE/version_0": "of validation images, in reconstructions.png",
        "vae reconstruct logs/DFCVAE/version_0 me.jpg 'photos/*.png' --out mine.png": "of your own",
      }),
    )
    .action((path: string, images: string[], options: Options) => run(path, images, options));
}

function run(
  path: string,
  patterns: readonly string[],
  { count, json, label, scale, out, force, ...options }: Options,
): Promise<void> {
  return withRun(path, options, async (opened, rng) => {
    const { squareGrid } = await import("../../explore/grids.ts");
    const { beside } = await import("../../explore/images.ts");
    const { reconstruct } = await import("../../explore/pictures.ts");
    const images = await imagesOrValidation(opened, patterns, count, label);
    const made = await reconstruct(opened.vae, images, rng.fold("reconstructions"));
    if (json) {
      const { files } = images as { files?: readonly string[] };
      const errors = squaredErrors(images.images, made.images, images.shape[0]);
      const rows = errors.map((mse, i) => ({ image: files?.[i] ?? i, mse }));
      console.log(JSON.stringify(rows, null, 2));
    }
    await writeOutputs({ out, force }, STANDARD, {
      png: () => squareGrid(beside(images, made), opened.imageRange, scale),
      arrays: {
        reconstructions: { shape: made.shape, data: made.images },
        images: { shape: images.shape, data: images.images },
      },
    });
  });
}

/** Mean squared error per element of each of `count` images, in the model's range. */
function squaredErrors(a: Float32Array, b: Float32Array, count: number): number[] {
  const size = a.length / count;
  return Array.from({ length: count }, (_, n) => {
    let sum = 0;
    for (let i = n * size; i < (n + 1) * size; i++) sum += (a[i]! - b[i]!) ** 2;
    return sum / size;
  });
}
