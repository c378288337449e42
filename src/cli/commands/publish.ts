import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../../errors.ts";
import { isFolder } from "../../files/is_folder.ts";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { addRunOptions, RUN_HELP, type RunOptions, withRun } from "../with_run.ts";
import { addForce, type ForceOption, writeOutput } from "../write_output.ts";

interface Options extends RunOptions, ForceOption {
  readonly out: string;
  readonly half?: boolean;
  readonly images: number;
  readonly originals: number;
  readonly title?: string;
  readonly license?: string;
}

const isFile = (out: string): boolean => out.endsWith(".safetensors");

/** `vae publish RUN`: the model as a page that anyone can open. */
export function addPublish(program: Command): void {
  const command = program
    .command("publish")
    .description("write a page to explore the model in, for any static host or a disk")
    .argument("<run>", RUN_HELP)
    .option(
      "--out <folder>",
      "the page's; or FILE.safetensors: the packed model alone, for tfjs-vae/browser",
      "site",
    )
    .option("--half", "weights as float16, half the size")
    .option("--images <n>", "validation images on the map", wholeNumber(1), 1000)
    .option("--originals <n>", "of them as they are, in the file", wholeNumber(0), 16)
    .option("--title <text>", "default: the run's name")
    .option("--license <text>", "that the model may be used by, for the page");
  addForce<Options>(addRunOptions(command), ({ out }) => (isFile(out) ? [out] : []))
    .addHelpText(
      "after",
      examples({
        "vae publish logs/DFCVAE/version_0": "site/index.html, with all that it needs beside it",
        "vae publish logs/DFCVAE/version_0 --half --license CC0-1.0": "smaller, and says what others may do",
        "vae publish logs/DFCVAE/version_0 --out model.safetensors": "for a page of your own",
      }),
    )
    .action((path: string, options: Options) => run(path, options));
}

function run(path: string, { out, half, images, originals, title, license, force, ...options }: Options) {
  refuseTaken(out, force);
  return withRun(path, options, async (opened) => {
    const { packModel, titleOf } = await import("../../publish/pack_model.ts");
    const named = title ?? titleOf(opened.runDir);
    const model = await packModel(opened, {
      images,
      originals,
      title: named,
      ...(half && { half }),
      ...(license !== undefined && { license }),
    });
    if (isFile(out)) {
      console.error(`wrote ${await writeOutput(out, model, { named: true, force })}`);
      return;
    }
    const { pageFolder } = await import("../../ui/page_folder.ts");
    const { writeSite } = await import("../../publish/write_site.ts");
    const page = await pageFolder((text) => console.error(`note   ${text}`));
    await writeSite(out, join(page, "site"), { title: named, model });
    console.error(`wrote ${join(out, "index.html")}`);
  });
}

/** @throws ConfigError where a folder holds something that a page would be mixed with */
function refuseTaken(out: string, force = false): void {
  if (isFile(out) || force || !existsSync(out)) return;
  if (isFolder(out) && readdirSync(out).length === 0) return;
  throw new ConfigError(`--out: ${out} is there already. Name another, or add --force to write into it.`);
}
