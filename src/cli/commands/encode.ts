import type { Command } from "commander";
import type { Dataset } from "../../data/dataset.ts";
import type { OpenRun, SplitName } from "../../experiment/trained/open_trained.ts";
import type { Images } from "../../explore/images.ts";
import { counted } from "../../text/counted.ts";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { labelOption } from "../options.ts";
import { addOut, type OutOptions, writeOutputs } from "../outputs.ts";
import { addRunOptions, batchesOfFiles, ownLabels, RUN_HELP, type RunOptions, withRun } from "../with_run.ts";

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
    .option("--limit <n>", "N images from all over a split or the files", wholeNumber(1))
    .addOption(labelOption("of images of files, for a conditional model"));
  addOut(command, STANDARD, [".npz", ".npy"]);
  addRunOptions(command)
    .addHelpText(
      "after",
      examples({
        "vae encode logs/DFCVAE/version_0 test --out z.npz":
          "numpy.load gives mean, log_variance, z, labels, label_names, class_names, files",
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
    const { encodeAll } = await import("../../explore/latents.ts");
    const { batches, files, labelNames, valueNames } = await imagesOf(opened, data, limit, label);
    const { count, layout, mean, logVar, dense, z, codes, labels } = await encodeAll(
      opened.vae,
      batches,
      rng.fold("encode"),
    );
    const shape = [count, layout.size];
    const listOf = (texts: readonly string[]) => ({ shape: [texts.length], data: texts });
    await writeOutputs({ out, force }, STANDARD, {
      arrays: {
        mean: { shape, data: mean },
        ...(logVar && { log_variance: { shape, data: logVar } }),
        ...(dense && !logVar && { standard_deviation: { shape, data: dense.deviation } }),
        z: { shape, data: z },
        ...(codes && { codes }),
        ...(labels && {
          labels: { shape: [count, labels.length / count], data: labels },
          label_names: listOf(labelNames),
          ...Object.fromEntries(
            labelNames.flatMap((name, i) => {
              const values = valueNames?.[i];
              return values ? [[`${name}_names`, listOf(values)]] : [];
            }),
          ),
        }),
        ...(files && { files: listOf(files) }),
      },
    });
    console.error(`${counted(count, "image")}, ${counted(layout.size, "dimension")}`);
  });
}

/** The images, batch by batch, and what is known of them; `files` are whole once the batches are through. */
interface Found {
  readonly batches: AsyncIterable<Images>;
  readonly files: readonly string[] | undefined;
  readonly labelNames: readonly string[];
  readonly valueNames?: Dataset["valueNames"];
}

async function imagesOf(
  opened: OpenRun,
  data: readonly string[],
  limit: number | undefined,
  label: readonly string[] | undefined,
): Promise<Found> {
  const split = (["train", "val", "test"] as const).find((name) => name === data[0]);
  if (split !== undefined && data.length === 1) {
    ownLabels(label);
    return splitOf(opened, split, limit);
  }
  const files: string[] = [];
  async function* batches() {
    for await (const batch of batchesOfFiles(opened, data, { label, limit })) {
      files.push(...batch.files);
      yield batch;
    }
  }
  const given = opened.vae.labels?.all.map(({ name }) => name);
  return { batches: batches(), files, labelNames: given ?? [] };
}

async function splitOf(opened: OpenRun, split: SplitName, limit: number | undefined): Promise<Found> {
  const loader = await opened.loader(split, limit === undefined ? {} : { limit });
  const { DataError } = await import("../../errors.ts");
  if (loader.size === 0)
    throw new DataError(`vae encode: the split ${split} of the run's data has no images.`);
  const { labelNames, valueNames } = await opened.dataset();
  return { batches: loader.batches(0), files: loader.files, labelNames, valueNames };
}
