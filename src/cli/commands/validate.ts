import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { loadConfig } from "../../config/load.ts";
import { layeredRegistries } from "../../config/registries.ts";
import { UserError } from "../../errors.ts";
import { counted } from "../../text/counted.ts";
import { examples } from "../examples.ts";
import { setOption } from "../options.ts";

/** `vae validate FILE…`: checks configs, and experiments of several, and nothing else. */
export function addValidate(program: Command): void {
  program
    .command("validate")
    .description("check configs and experiments: all errors of each file, with line, column and remedy")
    .argument("<files...>", "YAML files")
    .addOption(setOption("check with a value changed, as vae run takes it"))
    .addHelpText(
      "after",
      examples({
        "vae validate configs/*.yaml": "exit code 2 where one is wrong",
        "vae validate my.yaml --set model_params.latent_dim=64": "",
      }),
    )
    .action(async (files: string[], { set = [] }: { set?: string[] }) => {
      for (const file of files) await validateFile(file, set);
    });
}

async function validateFile(file: string, set: readonly string[]): Promise<void> {
  // A file's plugins are its own: the next file must not pass by them.
  const registries = await layeredRegistries();
  try {
    if (isExperiment(file)) {
      const { isSweep, loadSeries } = await import("../../experiment/series/load.ts");
      const series = await loadSeries(file, { set });
      const { runs, seeds } = series;
      const search = isSweep(series) ? undefined : series.search;
      const before = search === undefined ? "" : `, after ${counted(search.runs.length, "trial")}`;
      console.log(`${file}: ok: ${counted(runs.length, "run")} of ${counted(seeds.length, "seed")}${before}`);
      return;
    }
    const { notes } = await loadConfig(file, { set, registries });
    console.log(`${file}: ok`);
    for (const note of notes) console.log(`  note: ${note}`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** Whether a file says which runs it compares, or from what they are made; one that can't be read is loadConfig's to tell of. */
function isExperiment(file: string): boolean {
  try {
    return /^(runs|sweep):/m.test(readFileSync(file, "utf8"));
  } catch {
    return false;
  }
}
