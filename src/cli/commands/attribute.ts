import type { Command } from "commander";
import { rounded } from "../../text/numbers.ts";
import { examples } from "../examples.ts";
import { interval, wholeNumber } from "../numbers.ts";
import { writeOutputs } from "../outputs.ts";
import { addPictureOptions, type PictureOptions } from "../picture_options.ts";
import { imagesOrValidation, RUN_HELP, withRun } from "../with_run.ts";

const STANDARD = "attribute.png";

interface Options extends PictureOptions {
  readonly attribute: string;
  readonly strength: readonly [number, number];
  readonly steps: number;
  readonly count: number;
  readonly images: number;
  readonly json: boolean;
}

/** `vae attribute RUN [IMAGE…]`: images with more and less of an attribute. */
export function addAttribute(program: Command): void {
  const command = program
    .command("attribute")
    .description("give images more or less of a labelled attribute: the mean of z with it minus that without")
    .argument("<run>", RUN_HELP)
    .argument("[images...]", "images, folders or globs; without: validation images")
    .requiredOption("--attribute <name>", "a label of the run's data, as NAME or NAME=VALUE")
    .option(
      "--strength <from..to>",
      "how much of it is added, from the first column to the last",
      interval,
      [-2, 2],
    )
    .option("--steps <n>", "columns", wholeNumber(2), 5)
    .option("--count <n>", "validation images, where no others are given", wholeNumber(1), 6)
    .option("--images <n>", "training images that the means are taken over", wholeNumber(2), 2000)
    .option("--json", "print how many images have it and the vector as JSON", false);
  addPictureOptions(command, STANDARD, "of images of files, for a conditional model")
    .addHelpText(
      "after",
      examples({
        "vae attribute logs/DFCVAE/version_0 --attribute Smiling --strength -2..2": "CelebA's faces",
        "vae attribute logs/DFCVAE/version_0 --attribute shape=3": "a label with many values",
        "vae attribute logs/photos/version_0 --attribute class=cat": "a class by its folder's name",
        "vae attribute logs/DFCVAE/version_0 me.jpg --attribute Smiling --out smile.npz":
          "images, and the vector as direction",
      }),
    )
    .action((path: string, images: string[], options: Options) => run(path, images, options));
}

function run(
  path: string,
  patterns: readonly string[],
  {
    attribute,
    strength: [from, to],
    steps,
    count,
    images,
    json,
    label,
    scale,
    out,
    force,
    ...options
  }: Options,
): Promise<void> {
  return withRun(path, options, async (opened, rng) => {
    const { attributeVector, strengthen } = await import("../../explore/attribute.ts");
    const { inBatches } = await import("../../explore/images.ts");
    const { encodeAll } = await import("../../explore/latents.ts");
    const { linspace } = await import("../../explore/lines.ts");
    const { gridPng } = await import("../../images/grid.ts");
    const { vae, imageRange } = opened;
    const { labelNames, valueNames } = await opened.dataset();
    const train = await (await opened.loader("train")).spread(images);
    const means = await encodeAll(vae, inBatches(train, 64), rng.fold("means"));
    const vector = attributeVector({ ...means, labelNames, ...(valueNames && { valueNames }) }, attribute);
    const strengths = linspace(from, to, steps);
    const chosen = await imagesOrValidation(opened, patterns, count, label);
    const made = await strengthen(vae, chosen, vector.direction, strengths, rng.fold("attribute"));
    if (json) {
      const { direction, having, lacking } = vector;
      const length = Math.hypot(...direction);
      console.log(JSON.stringify({ attribute, having, lacking, length, direction: [...direction] }, null, 2));
    }
    await writeOutputs({ out, force }, STANDARD, {
      png: () =>
        gridPng(made.images, made.shape, {
          columns: steps + 1,
          range: imageRange,
          scale,
          columnLabels: ["image", ...strengths.map((s) => rounded(s))],
        }),
      arrays: {
        images: { shape: made.shape, data: made.images },
        direction: { shape: [vector.direction.length], data: vector.direction },
      },
    });
  });
}
