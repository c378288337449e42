import type { Command } from "commander";
import { examples } from "../examples.ts";
import { interval, wholeNumber } from "../numbers.ts";
import { writeOutputs } from "../outputs.ts";
import { addPictureOptions, type PictureOptions } from "../picture_options.ts";
import { imagesOfFiles, RUN_HELP, validationImages, withRun } from "../with_run.ts";

const STANDARD = "traversals.png";

interface Options extends PictureOptions {
  readonly dimensions: number;
  readonly values?: readonly [number, number];
  readonly steps: number;
  readonly images: number;
  readonly json: boolean;
}

/** `vae traverse RUN [IMAGE]`: what each of the most active dimensions does. */
export function addTraverse(program: Command): void {
  const command = program
    .command("traverse")
    .description(
      "change one dimension of z at a time: the most active ones, each with its KL in nats, or its deviation",
    )
    .argument("<run>", RUN_HELP)
    .argument("[image]", "where to start; without: the first validation image")
    .option("--dimensions <n>", "rows", wholeNumber(1), 10)
    .option(
      "--values <from..to>",
      "first and last value of a row; without: -3..3, or the range of the model's prior. A categorical variable takes all of its own",
      interval,
    )
    .option("--steps <n>", "values of a row", wholeNumber(2), 7)
    .option("--images <n>", "validation images that the KL is measured on", wholeNumber(1), 256)
    .option("--json", "print the KL of all dimensions as JSON", false);
  addPictureOptions(command, STANDARD, "what is decoded of a conditional model, in place of the image's own")
    .addHelpText(
      "after",
      examples({
        "vae traverse logs/DFCVAE/version_0": "10 dimensions from -3 to 3, in traversals.png",
        "vae traverse logs/DFCVAE/version_0 me.jpg --dimensions 4": "from an image of your own",
        "vae traverse logs/DFCVAE/version_0 --json": "and the KL of every dimension",
      }),
    )
    .action((path: string, image: string | undefined, options: Options) => run(path, image, options));
}

function run(
  path: string,
  image: string | undefined,
  { dimensions, values: given, steps, images, json, label, scale, out, force, ...options }: Options,
): Promise<void> {
  return withRun(path, options, async (opened, rng) => {
    const { givenLabels } = await import("../../explore/given_labels.ts");
    const { traversal } = await import("../../explore/traversal.ts");
    const { traversalPng } = await import("../../explore/traverse.ts");
    const { vae, imageRange, model } = opened;
    const seen = await validationImages(opened, images);
    const start = image === undefined ? undefined : await imagesOfFiles(opened, [image], label);
    const labels = givenLabels(vae, label);
    const made = await traversal(
      vae,
      { seen, start },
      { dimensions, values: given, steps, given: labels },
      rng,
    );
    if (made === undefined) {
      const { UserError } = await import("../../errors.ts");
      throw new UserError(
        `vae traverse: expected a model whose z are numbers or values of variables, got ${model.name}, whose z is a grid of codes. vae interpolate works with it.`,
      );
    }
    const { shown, values, rows, columns } = made;
    const { shape, images: data } = made.images;
    if (json) console.log(JSON.stringify({ images: seen.shape[0], dimensions: made.dimensions }, null, 2));
    await writeOutputs({ out, force }, STANDARD, {
      png: () => traversalPng(made.images, shown, values, { range: imageRange, scale }),
      arrays: {
        images: { shape: [shown.length, columns, ...shape.slice(1)], data },
        dimensions: { shape: [shown.length], data: Int32Array.from(shown, ({ index }) => index) },
        values: rows.every((row) => row === values)
          ? { shape: [steps], data: Float32Array.from(values) }
          : { shape: [shown.length, columns], data: padded(rows, columns) },
        kl: { shape: [shown.length], data: Float32Array.from(shown, ({ kl }) => kl ?? Number.NaN) },
        deviation: { shape: [shown.length], data: Float32Array.from(shown, ({ deviation }) => deviation) },
      },
    });
  });
}

/** The rows' values, packed [rows, columns], NaN where a row has fewer. */
function padded(rows: readonly (readonly number[])[], columns: number): Float32Array {
  return Float32Array.from({ length: rows.length * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return rows[row]![column] ?? Number.NaN;
  });
}
