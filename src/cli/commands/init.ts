import type { Command } from "commander";
import { counted } from "../../text/counted.ts";
import { shellWord } from "../../text/shell.ts";
import { examples } from "../examples.ts";

interface Options {
  readonly out?: string;
  readonly measure: boolean;
}

/** `vae init MODEL FOLDER`: a config to begin with. */
export function addInit(program: Command): void {
  program
    .command("init")
    .description("write a config for a variant and a folder of images, which it looks at")
    .argument("<model>", "the variant; vae models lists them")
    .argument("<folder>", "the images, in any tree of sub-folders")
    .option("--out <file>", "the config; FOLDER_MODEL.yaml where left out")
    .option("--no-measure", "leave out what a training step takes here")
    .addHelpText(
      "after",
      examples({
        "vae init BetaVAE photos": "photos_BetaVAE.yaml, with comments",
        "vae run photos": "the same, for the plainest variant, and trains",
      }),
    )
    .action((model: string, folder: string, options: Options) => init(model, folder, options));
}

async function init(name: string, folder: string, { out, measure }: Options): Promise<void> {
  const { lookAt, modelNamed, nameOf, writeStarter } = await import("../starter.ts");
  const model = await modelNamed(name, "vae init");
  const look = await lookAt(folder);
  const file = out ?? `${nameOf(model, folder)}.yaml`;
  await writeStarter(file, { model, folder, look, measure });
  const { readFile } = await import("node:fs/promises");
  console.log(await readFile(file, "utf8"));
  console.log(
    `${counted(look.images, "image")}; written to ${file}. To train: vae run --config ${shellWord(file)}`,
  );
}
