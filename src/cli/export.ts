import { join } from "node:path";
import { type Command, Option } from "commander";
import { examples } from "./examples.ts";
import { backendOption } from "./options.ts";
import { addForce } from "./write_output.ts";

interface Options {
  readonly format: "safetensors" | "pt-names" | "tfjs";
  readonly out: string;
  readonly force?: boolean;
  readonly checkpoint?: string;
  readonly backend: string;
}

/** `vae export`: a run's weights for other programs. */
export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description("write a run's weights for other programs: PyTorch, tfjs in a browser")
    .argument("<run>", "folder of a run, or one of its checkpoints")
    .addOption(
      new Option(
        "--format <name>",
        "safetensors: as they are here; pt-names: as PyTorch-VAE's state_dict; tfjs: the decoder as a layers model",
      )
        .choices(["safetensors", "pt-names", "tfjs"])
        .makeOptionMandatory(),
    )
    .requiredOption("--out <path>", "file to write; for tfjs a folder")
    .option("--checkpoint <which>", "best, last or a file; best where it is there")
    .addOption(backendOption())
    .addHelpText(
      "after",
      examples({
        "vae export logs/DFCVAE/version_0 --format pt-names --out vae.safetensors": "for PyTorch",
        "vae export logs/DFCVAE/version_0 --format tfjs --out decoder/": "for tf.loadLayersModel",
      }),
    )
    .action((run: string, options: Options) => write(run, options));
  addForce<Options>(command, ({ format, out }) =>
    format === "tfjs" ? LAYERS_MODEL.map((name) => join(out, name)) : [out],
  );
}

/** Files of a layers model; the one that is read first is written last. */
const LAYERS_MODEL = ["weights.bin", "model.json"] as const;

async function write(path: string, { format, out, force, checkpoint, backend }: Options): Promise<void> {
  const { writeOutput } = await import("./write_output.ts");
  const naming = { named: true, force };
  const { openRun } = await import("../experiment/open_run.ts");
  const run = await openRun(path, { backend, ...(checkpoint !== undefined && { checkpoint }) });
  try {
    if (format !== "tfjs") {
      const { ownWeights, torchWeights } = await import("../experiment/export_weights.ts");
      await writeOutput(out, format === "safetensors" ? ownWeights(run) : torchWeights(run), naming);
      console.log(`${run.vae.params.size} parameters written to ${out}`);
      return;
    }
    const { decoderLayers, layersModelFiles } = await import("../experiment/decoder_layers.ts");
    const model = decoderLayers(run);
    const about = {
      model: run.model.name,
      step: run.state.step,
      latent_dim: run.config.model_params.latent_dim,
      image_shape: run.imageShape,
      image_range: run.imageRange,
    };
    const files = await layersModelFiles(model, about);
    model.dispose();
    for (const name of LAYERS_MODEL) await writeOutput(join(out, name), files[name]!, naming);
    console.log(`decoder written to ${join(out, "model.json")} and weights.bin`);
  } finally {
    await run.close();
  }
}
