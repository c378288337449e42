import type { Command } from "commander";
import type { RunSummary } from "../explore/runs.ts";
import { examples } from "./examples.ts";

/** Figures with a column of their own, where any run has them. */
export const FIGURES = ["total", "reconstruction", "features", "kl", "mse", "elbo", "bits_per_dim"] as const;

/** `vae runs [FOLDER]`: all runs with their best figures. */
export function addRuns(program: Command): void {
  program
    .command("runs")
    .description("list runs with the best figures of their validations")
    .argument("[folder]", "folder of runs", "logs")
    .option("--json", "print them as JSON, with the last figures too", false)
    .addHelpText(
      "after",
      examples({
        "vae runs": "all in logs/",
        "vae runs logs/DFCVAE --json": "those of a name, for a program",
      }),
    )
    .action((folder: string, { json }: { json: boolean }) => run(folder, json));
}

async function run(folder: string, json: boolean): Promise<void> {
  const { ConfigError } = await import("../errors.ts");
  const { findRuns, summarize } = await import("../explore/runs.ts");
  const found = findRuns(folder).map(summarize);
  if (found.length === 0) {
    throw new ConfigError(
      `vae runs: expected runs in "${folder}", such as logs/DFCVAE/version_0, got none (the current folder is ${process.cwd()}). vae run makes one.`,
    );
  }
  if (json) console.log(JSON.stringify(found, null, 2));
  else console.log([await runTable(found), ...(await changeLines(found))].join("\n"));
}

/** A line a run. */
export async function runTable(runs: readonly RunSummary[]): Promise<string> {
  const { table } = await import("./table.ts");
  const figures = FIGURES.filter((name) => runs.some(({ best }) => best[name] !== undefined));
  const rows = runs.map(({ path, model, data, epoch, step, best }) => [
    path,
    model,
    data,
    epoch,
    step,
    ...figures.map((name) => best[name] ?? Number.NaN),
  ]);
  return table(["run", "model", "data", "epoch", "step", ...figures], rows);
}

/** What runs were resumed with otherwise than before, under a heading; none where none was. */
export async function changeLines(runs: readonly RunSummary[]): Promise<string[]> {
  const { changeText } = await import("../experiment/config_history.ts");
  const lines = runs.flatMap(({ path, changes }) => changes.map((c) => `  ${path}: ${changeText(c)}`));
  return lines.length === 0 ? [] : ["", "changed on the way:", ...lines];
}
