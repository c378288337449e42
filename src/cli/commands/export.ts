import { join } from "node:path";
import { type Command, Option } from "commander";
import { ConfigError } from "../../errors.ts";
import { examples } from "../examples.ts";
import { backendOption, checkpointOption } from "../options.ts";
import { RUN_HELP } from "../with_run.ts";
import { addForce } from "../write_output.ts";

interface Options {
  readonly format: "safetensors" | "pt-names" | "tfjs" | "onnx";
  readonly out: string;
  readonly force?: boolean;
  readonly checkpoint?: string;
  readonly backend: string;
}

/** `vae export`: a run's weights for other programs. */
export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description("write a run's model for other programs: PyTorch, ONNX's runtimes, tfjs in a browser")
    .argument("<run>", RUN_HELP)
    .addOption(
      new Option(
        "--format <name>",
        "safetensors: weights as they are here; pt-names: as PyTorch-VAE's state_dict; onnx: encoder and decoder; tfjs: the decoder as a layers model",
      )
        .choices(["safetensors", "pt-names", "onnx", "tfjs"])
        .makeOptionMandatory(),
    )
    .requiredOption(
      "--out <path>",
      "file to write: .safetensors, or with pt-names .pt or .pth too; for onnx and tfjs a folder",
    )
    .addOption(checkpointOption())
    .addOption(backendOption())
    .addHelpText(
      "after",
      examples({
        "vae export logs/DFCVAE/version_0 --format pt-names --out vae.pth": "for PyTorch's torch.load",
        "vae export logs/DFCVAE/version_0 --format pt-names --out vae.safetensors":
          "the same, as safetensors",
        "vae export logs/DFCVAE/version_0 --format onnx --out onnx/": "encoder.onnx and decoder.onnx",
        "vae export logs/DFCVAE/version_0 --format tfjs --out decoder/": "for tf.loadLayersModel",
      }),
    )
    .action((run: string, options: Options) => write(run, options));
  addForce<Options>(command, ({ format, out }) =>
    isFolder(format) ? FILES[format].map((name) => join(out, name)) : [out],
  );
}

/** What `--out` may end in. */
const ENDINGS = {
  safetensors: [".safetensors"],
  "pt-names": [".pt", ".pth", ".safetensors"],
} as const;
/** What a folder gets; of a layers model the file that is read first is written last. */
const FILES = {
  onnx: ["encoder.onnx", "decoder.onnx"],
  tfjs: ["weights.bin", "model.json"],
} as const;
const isFolder = (format: Options["format"]): format is keyof typeof FILES => format in FILES;

async function write(path: string, { format, out, force, checkpoint, backend }: Options): Promise<void> {
  const { endingOf } = await import("../endings.ts");
  const ending = isFolder(format) ? checkFolder(out, FILES[format]) : endingOf("--out", out, ENDINGS[format]);
  const { writeOutput } = await import("../write_output.ts");
  const naming = { named: true, force };
  const { openTrained } = await import("../../experiment/trained/open_trained.ts");
  const run = await openTrained(path, { backend, ...(checkpoint !== undefined && { checkpoint }) });
  try {
    if (format === "onnx") {
      const { onnxFiles } = await import("../../experiment/trained/export_onnx.ts");
      const { OPSET } = await import("../../onnx/trace.ts");
      const files = onnxFiles(run);
      for (const name of FILES.onnx) await writeOutput(join(out, name), files[name], naming);
      console.log(
        `encoder and decoder written to ${FILES.onnx.map((name) => join(out, name)).join(" and ")}, opset ${OPSET}`,
      );
      return;
    }
    if (format !== "tfjs") {
      const { ownWeights, torchDifferences, torchWeights } = await import(
        "../../experiment/trained/export_weights.ts"
      );
      const kind = ending === ".safetensors" ? "safetensors" : "torch";
      const bytes = format === "safetensors" ? ownWeights(run) : await torchWeights(run, kind);
      await writeOutput(out, bytes, naming);
      console.log(`${run.vae.params.size} parameters written to ${out}`);
      if (format === "pt-names") for (const text of torchDifferences(run)) console.warn(`note   ${text}`);
      return;
    }
    const { decoderLayers, layersModelFiles } = await import("../../experiment/trained/decoder_layers.ts");
    const model = decoderLayers(run);
    const about = {
      model: run.model.name,
      step: run.state.step,
      latent_dim: model.inputs[0]!.shape[1],
      image_shape: run.imageShape,
      image_range: run.imageRange,
    };
    const files = await layersModelFiles(model, about);
    model.dispose();
    for (const name of FILES.tfjs) await writeOutput(join(out, name), files[name]!, naming);
    console.log(`decoder written to ${join(out, "model.json")} and weights.bin`);
  } finally {
    await run.close();
  }
}

/** @throws ConfigError for what looks like a file's name */
function checkFolder(out: string, files: readonly string[]): void {
  if (!/\.(json|bin|h5|keras|onnx|zip|pt|pth|ckpt|safetensors|tflite)$/i.test(out)) return;
  throw new ConfigError(
    `--out: expected a folder for ${files.join(" and ")}, got "${out}", a file's name. Name a folder.`,
  );
}
