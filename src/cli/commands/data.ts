import type { Command } from "commander";
import { ConfigError } from "../../errors.ts";
import { shellWord } from "../../text/shell.ts";
import { didYouMean } from "../../text/suggest.ts";
import { examples } from "../examples.ts";
import { setOption } from "../options.ts";

interface Options {
  readonly to?: string;
}

interface PackOptions {
  readonly config: string;
  readonly set?: readonly string[];
  readonly to: string;
}

/** `vae data fetch`: gets published data sets; `vae data pack`: writes one as records, which any number of images is trained by. */
export function addData(program: Command): void {
  const data = program.command("data").description("get published data sets; pack large ones");
  data
    .command("fetch")
    .description(
      "get data sets as their authors publish them, checked, into the user's cache, where runs find them",
    )
    .argument("[names...]", "data sets; without one, what there is to get is listed")
    .option("--to <folder>", "put them there, for data_params.data_path")
    .addHelpText(
      "after",
      `${examples({
        "vae data fetch": "what there is to get",
        "vae data fetch mnist": "then data_params.name: mnist needs no data_path",
        "vae data fetch celeba --to ../data/celeba": "into a folder of your own",
      })}\n\nTFJS_VAE_DATA_MIRROR names servers to ask first, as SERVER/NAME/FILE.`,
    )
    .action(fetch);
  data
    .command("pack")
    .description(
      "write a config's images, at their size, and labels into a folder that data_params.name: records opens without reading it; a call that was stopped goes on at the next",
    )
    .requiredOption("-c, --config <file>", "the YAML file whose data_params say what is packed")
    .addOption(setOption("change a value of the config, as vae run takes it"))
    .requiredOption("--to <folder>", "where the records go")
    .addHelpText(
      "after",
      examples({
        "vae data pack -c faces.yaml --to ../data/faces":
          "then data_params: {name: records, data_path: ../data/faces}",
        "vae data pack -c faces.yaml --set data_params.name=file_list --set data_params.data_path=faces.txt --to faces":
          "millions of files, listed once",
      }),
    )
    .action(pack);
}

async function pack({ config: file, set = [], to }: PackOptions): Promise<void> {
  const { loadConfig } = await import("../../config/load.ts");
  const { openDataset } = await import("../../data/registry.ts");
  const { writeRecords } = await import("../../data/records/write_records.ts");
  const { cacheDir } = await import("../../files/cache_dir.ts");
  const { progressTo } = await import("../progress.ts");
  const { config, baseDir, dataset: definition } = await loadConfig(file, { set });
  const progress = progressTo(process.stdout);
  const args = { baseDir, cacheDir: cacheDir("data"), seed: config.exp_params.manual_seed, progress };
  const dataset = await openDataset(config.data_params, args, definition);
  try {
    const { splits } = await writeRecords(dataset, to, { progress });
    const counts = `${splits.train} images for training, ${splits.val} for validation, ${splits.test} for test`;
    console.log(
      `${to}: ${counts}. --set data_params.name=records --set data_params.data_path=${shellWord(to)}`,
    );
  } finally {
    await dataset.close();
  }
}

async function fetch(names: readonly string[], { to }: Options): Promise<void> {
  // Here and not above, so that the other commands don't wait for them.
  const { datasetNamed, datasetNames } = await import("../../data/registry.ts");
  const { bytesText } = await import("../../text/numbers.ts");
  const published = datasetNames().filter((name) => datasetNamed(name).published !== undefined);
  const wanted = names.map((name) => {
    if (published.includes(name)) return datasetNamed(name);
    throw new ConfigError(
      `vae data fetch: expected one of ${published.join(", ")}, got "${name}".${didYouMean(name, published)}`,
    );
  });
  if (wanted.length === 0) {
    for (const name of published) {
      const { files } = datasetNamed(name).published!;
      const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
      console.log(
        `${name.padEnd(14)} ${bytes ? bytesText(bytes).padStart(8) : "".padStart(8)}  ${files.map((file) => file.name).join(", ")}`,
      );
    }
    return;
  }
  const { cacheDir } = await import("../../files/cache_dir.ts");
  const { fetchDataset } = await import("../../data/fetch.ts");
  const { fetchedFolder } = await import("../../data/paths.ts");
  const { openHttp } = await import("../../download/http.ts");
  const { downloading } = await import("../downloading.ts");
  await downloading("the next fetch goes on from here", async ({ progress, signal }) => {
    const http = openHttp();
    try {
      for (const definition of wanted) {
        const folder = to ?? fetchedFolder(cacheDir("data"), definition.name);
        await fetchDataset(definition, {
          folder,
          http,
          say: (text) => progress.message(text),
          onProgress: (p) => progress.show(p),
          signal,
        });
        progress.close();
        const where = to === undefined ? "it needs no data_path" : `--set data_params.data_path=${folder}`;
        console.log(`${definition.name} is in ${folder}: ${where}.`);
      }
    } finally {
      await http.close();
    }
  });
}
