import type { Command } from "commander";
import { examples } from "../examples.ts";
import { backendOption, setOption } from "../options.ts";

interface Options {
  readonly config: string;
  readonly out: string;
  readonly set?: readonly string[];
  readonly backend: string;
}

/** `vae import`: a run out of a PyTorch-VAE checkpoint. */
export function addImport(program: Command): void {
  program
    .command("import")
    .description("make a run of a PyTorch-VAE checkpoint, to sample from, evaluate or train on")
    .argument("<checkpoint>", "a state_dict (.pt, .pth, .safetensors) or Lightning's .ckpt")
    .requiredOption(
      "-c, --config <file>",
      "YAML file of the model: PyTorch-VAE's own, or one of this project",
    )
    .requiredOption("--out <run>", "folder of the run to make")
    .addOption(setOption({ example: "model_params.output=sigmoid" }))
    .addOption(backendOption())
    .addHelpText(
      "after",
      examples({
        "vae import last.ckpt --config vae.yaml --out logs/imported/version_0": "a run of it",
        "vae run --resume logs/imported/version_0": "then: train on",
        "vae evaluate logs/imported/version_0": "or its metrics",
      }),
    )
    .action((file: string, options: Options) => run(file, options));
}

async function run(file: string, options: Options): Promise<void> {
  const { useBackend } = await import("../../backends/use_backend.ts");
  const { cacheDir } = await import("../../files/cache_dir.ts");
  const { loadConfig } = await import("../../config/load.ts");
  const { importCheckpoint } = await import("../../experiment/trained/import_checkpoint.ts");
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
  await useBackend(options.backend);
  const { left, notes } = await importCheckpoint({
    ...loaded,
    file,
    cacheDir: cacheDir("data"),
    out: options.out,
  });
  for (const note of notes) console.log(`note   ${note}`);
  for (const [key, value] of added) {
    const why = key === "output" ? "as PyTorch-VAE's decoders end" : "as PyTorch-VAE's model has it";
    console.log(`note   model_params.${key}=${value}, ${why}; another: --set model_params.${key}=…`);
  }
  if (left !== undefined) console.log(`note   ${left}`);
  console.log(`imported to ${options.out}`);
}
