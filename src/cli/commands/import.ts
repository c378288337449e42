import { existsSync } from "node:fs";
import type { Command } from "commander";
import { ConfigError } from "../../errors.ts";
import type { ImportArgs } from "../../experiment/trained/import_checkpoint.ts";
import { examples } from "../examples.ts";
import { backendOption, setOption } from "../options.ts";

interface Options {
  readonly config?: string;
  readonly out: string;
  readonly set?: readonly string[];
  readonly backend: string;
}

/** `vae import`: a run out of a PyTorch-VAE checkpoint, or of a model of diffusers'. */
export function addImport(program: Command): void {
  program
    .command("import")
    .description("make a run of another program's model, to sample from, evaluate or train on")
    .argument(
      "<checkpoint>",
      "of PyTorch-VAE: a state_dict (.pt, .pth, .safetensors) or Lightning's .ckpt; of diffusers or TAESD: the folder",
    )
    .option("-c, --config <file>", "YAML file of PyTorch-VAE's model: its own, or one of this project")
    .requiredOption("--out <run>", "folder of the run to make")
    .addOption(setOption({ example: "model_params.output=sigmoid" }))
    .addOption(backendOption())
    .addHelpText(
      "after",
      examples({
        "vae import last.ckpt --config vae.yaml --out logs/imported/version_0": "a run of it",
        "vae import stable-diffusion/vae --out logs/sd/version_0":
          "diffusers' AutoencoderKL or AutoencoderTiny",
        "vae run --resume logs/imported/version_0": "then: train on",
        "vae evaluate logs/imported/version_0": "or its metrics",
      }),
    )
    .action((file: string, options: Options) => run(file, options));
}

async function run(file: string, { config, ...options }: Options): Promise<void> {
  const { isFolder } = await import("../../files/is_folder.ts");
  if (!existsSync(file))
    throw new ConfigError(
      `"${file}": expected a checkpoint, or a folder of diffusers' or TAESD's, got nothing there (the current folder is ${process.cwd()}).`,
    );
  if (config !== undefined && !isFolder(file)) return importTorch(file, { ...options, config });
  if (isFolder(file) && config === undefined) return importFolder(file, options);
  throw new ConfigError(
    config === undefined
      ? `--config: expected the YAML file of the model in "${file}", got none. Name it: --config FILE`
      : `--config: expected none for a folder, which says what its model is, got "${config}". Leave it out, or name a file.`,
  );
}

/** A model of diffusers' or of the TAESD family. */
async function importFolder(folder: string, { set = [], backend, out }: Options): Promise<void> {
  const { readDiffusersFolder } = await import("../../experiment/trained/diffusers_folder.ts");
  const { loadConfigObject } = await import("../../config/load.ts");
  const { config, state, file } = await readDiffusersFolder(folder);
  const loaded = await loadConfigObject(config, ".", { set });
  await finish({ ...loaded, file, state, out }, backend);
}

async function finish(args: Omit<ImportArgs, "cacheDir">, backend: string, notes: string[] = []) {
  const { useBackend } = await import("../../backends/use_backend.ts");
  const { cacheDir } = await import("../../files/cache_dir.ts");
  const { importCheckpoint } = await import("../../experiment/trained/import_checkpoint.ts");
  await useBackend(backend);
  const { left, notes: read } = await importCheckpoint({ ...args, cacheDir: cacheDir("data") });
  for (const note of [...read, ...notes, ...(left === undefined ? [] : [left])])
    console.log(`note   ${note}`);
  console.log(`imported to ${args.out}`);
}

async function importTorch(file: string, options: Options & { readonly config: string }): Promise<void> {
  const { loadConfig } = await import("../../config/load.ts");
  const set = options.set ?? [];
  const first = await loadConfig(options.config, { set });
  // What PyTorch-VAE's models compute, whatever its configs say; they have no key for it.
  const signed = first.config.data_params.image_range === "signed";
  const theirs = { output: signed ? "tanh" : "pytorch_vae", ...first.model.pytorchVae?.checkpoint };
  const added = Object.entries(theirs).filter(
    ([key]) => !set.some((s) => s.startsWith(`model_params.${key}=`)),
  );
  const settings = added.map(([key, value]) => `model_params.${key}=${value}`);
  const loaded =
    added.length === 0 ? first : await loadConfig(options.config, { set: [...set, ...settings] });
  const notes = added.map(([key, value]) => {
    const why = key === "output" ? "as PyTorch-VAE's decoders end" : "as PyTorch-VAE's model has it";
    return `model_params.${key}=${value}, ${why}; another: --set model_params.${key}=…`;
  });
  await finish({ ...loaded, file, out: options.out }, options.backend, notes);
}
