import type { Command } from "commander";
import type { OpenRun, SplitName } from "../experiment/open_run.ts";
import { examples } from "./examples.ts";
import { wholeNumber } from "./numbers.ts";
import { labelOption } from "./options.ts";
import { addOut, type OutOptions, writeOutputs } from "./outputs.ts";
import { addRunOptions, imagesOfFiles, ownLabels, RUN_HELP, type RunOptions, withRun } from "./with_run.ts";

const STANDARD = "z.npz";

interface Options extends RunOptions, OutOptions {
  readonly limit?: number;
  readonly label?: readonly string[];
}

/** `vae encode RUN DATA`: the latents of images, for a program. */
export function addEncode(program: Command): void {
  const command = program
    .command("encode")
    .description("write the latents of images: mean, log-variance, a draw and labels")
    .argument("<run>", RUN_HELP)
    .argument("<data...>", "a split of the run's data (train, val, test), or images, folders or globs")
    .option("--limit <n>", "N images from all over a split", wholeNumber(1))
    .addOption(labelOption("of images of files, for a conditional model"));
  addOut(command, STANDARD, [".npz", ".npy"]);
  addRunOptions(command)
    .addHelpText(
      "after",
      examples({
        "vae encode logs/DFCVAE/version_0 test --out z.npz":
          "numpy.load gives mean, log_variance, z, labels, label_names",
        "vae encode logs/DFCVAE/version_0 'photos/*.jpg' --out z.npy": "the means alone, [N, D]",
      }),
    )
    .action((path: string, data: string[], options: Options) => run(path, data, options));
}

function run(
  path: string,
  data: readonly string[],
  { limit, label, out, force, ...options }: Options,
): Promise<void> {
  return withRun(path, options, async (opened, rng) => {
    const { encodeAll } = await import("../explore/latents.ts");
    const { batches, files, labelNames } = await imagesOf(opened, data, limit, label);
    const { count, layout, mean, logVar, z, codes, labels } = await encodeAll(
      opened.vae,
      batches,
      rng.fold("encode"),
    );
    const shape = [count, layout.size];
    await writeOutputs({ out, force }, STANDARD, {
      arrays: {
        mean: { shape, data: mean },
        ...(logVar && { log_variance: { shape, data: logVar } }),
        z: { shape, data: z },
        ...(codes && { codes }),
        ...(labels && {
          labels: { shape: [count, labels.length / count], data: labels },
          label_names: { shape: [labelNames.length], data: labelNames },
        }),
        ...(files && { files: { shape: [files.length], data: files } }),
      },
    });
    console.error(`${count} images, ${layout.size} dimensions`);
  });
}

async function imagesOf(
  opened: OpenRun,
  data: readonly string[],
  limit: number | undefined,
  label: readonly string[] | undefined,
) {
  const split = (["train", "val", "test"] as const).find((name) => name === data[0]);
  if (split !== undefined && data.length === 1) {
    ownLabels(label);
    return splitOf(opened, split, limit);
  }
  const { inBatches } = await import("../explore/images.ts");
  const { files, ...images } = await imagesOfFiles(opened, data, label);
  return { batches: inBatches(images, 64), files, labelNames: [] };
}

async function splitOf(opened: OpenRun, split: SplitName, limit: number | undefined) {
  const loader = await opened.loader(split, limit === undefined ? {} : { limit });
  const { DataError } = await import("../errors.ts");
  if (loader.size === 0)
    throw new DataError(`vae encode: the split ${split} of the run's data has no images.`);
  const { labelNames } = await opened.dataset();
  return { batches: loader.batches(0), files: undefined, labelNames };
}
