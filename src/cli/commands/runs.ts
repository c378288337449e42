import type { Command } from "commander";
import type { RunSummary } from "../../experiment/runs/summary.ts";
import { examples } from "../examples.ts";

/** `vae runs [FOLDER]`: all runs with their best metrics. */
export function addRuns(program: Command): void {
  program
    .command("runs")
    .description("list runs with the best metrics of their validations")
    .argument("[folder]", "folder of runs", "logs")
    .option("--json", "print them as JSON, with the last metrics too", false)
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
  const { ConfigError } = await import("../../errors.ts");
  const { findRuns, summarize } = await import("../../experiment/runs/summary.ts");
  const found = findRuns(folder).map(summarize);
  if (found.length === 0) {
    throw new ConfigError(
      `vae runs: expected runs in "${folder}", such as logs/DFCVAE/version_0, got none (the current folder is ${process.cwd()}). vae run makes one.`,
    );
  }
  if (json) console.log(JSON.stringify(found, null, 2));
  else console.log([await runTable(found), ...(await changeLines(found))].join("\n"));
}

/** A line a run, and one that says what the metrics are. */
export async function runTable(runs: readonly RunSummary[]): Promise<string> {
  const { betterOf, metricOf, metrics } = await import("../../metrics/table.ts");
  const { table } = await import("../table.ts");
  // Loss terms are of use where all runs have them.
  const terms = runs[0]!.terms.filter(
    (term) => metricOf(term) === undefined && runs.every(({ best }) => best[term] !== undefined),
  );
  const columns = Object.keys(metrics).filter((name) => metrics[name]!.column);
  const shown = [...terms, ...columns].filter((name) => runs.some(({ last }) => last[name] !== undefined));
  const rows = runs.map(({ path, model, data, epoch, step, best, last }) => [
    path,
    model,
    data,
    epoch ?? Number.NaN,
    step ?? Number.NaN,
    ...shown.map((name) => best[name] ?? last[name] ?? Number.NaN),
  ]);
  const named = (name: string) => `${name}${metricOf(name)?.unit ? ` (${metricOf(name)!.unit})` : ""}`;
  const of = (better: string) =>
    shown
      .filter((name) => betterOf(name, terms) === better)
      .map(named)
      .join(", ");
  const says = [
    ["lowest", of("lower")],
    ["highest", of("higher")],
    ["last", of("neither")],
  ].flatMap(([which, names]) => (names === "" ? [] : [`${which}: ${names}`]));
  const lines = [table(["run", "model", "data", "epoch", "step", ...shown], rows)];
  if (says.length > 0) lines.push("", `of each run's validations the ${says.join("; ")}`);
  return lines.join("\n");
}

/** What runs were resumed with otherwise than before, under a heading; none where none was. */
export async function changeLines(runs: readonly RunSummary[]): Promise<string[]> {
  const { changeText } = await import("../../experiment/runs/config_history.ts");
  const lines = runs.flatMap(({ path, changes }) => changes.map((c) => `  ${path}: ${changeText(c)}`));
  return lines.length === 0 ? [] : ["", "changed on the way:", ...lines];
}
