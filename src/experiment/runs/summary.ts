import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { ExpParams } from "../../config/schema.ts";
import { isFolder } from "../../files/is_folder.ts";
import { betterOf } from "../../metrics/table.ts";
import { conventionOf } from "../../models/convention.ts";
import { getModel } from "../../models/registry.ts";
import { type Change, configChanges, configFile } from "./config_history.ts";
import { isRun, runFiles } from "./run_files.ts";

/** How deep below the folder that is searched a run may lie: `logs/NAME/version_N` from one level above. */
export const DEPTH = 4;

/** What a run's own files tell of it. */
export interface RunSummary {
  readonly path: string;
  /** `model_params.name` and `data_params.name`. */
  readonly model: string;
  readonly data: string;
  /** Optimizer steps and whole epochs logged; undefined without metrics.csv. */
  readonly step: number | undefined;
  readonly epoch: number | undefined;
  /** Settings of training that it was resumed with otherwise than before. */
  readonly changes: readonly Change[];
  /** The best value of each validation metric over the run, by name without `val/`; of those alone that have one. */
  readonly best: Readonly<Record<string, number>>;
  /** The last one, of all. */
  readonly last: Readonly<Record<string, number>>;
  /** Names of its loss terms, the lower the better; none where the model is not known here. */
  readonly terms: readonly string[];
}

/** Every run in `folder` and below, in order of path. */
export function findRuns(folder: string, depth = DEPTH): string[] {
  if (isRun(folder)) return [folder];
  if (depth === 0 || !isFolder(folder)) return [];
  return foldersIn(readdirSync(folder, { withFileTypes: true })).flatMap((name) =>
    findRuns(join(folder, name), depth - 1),
  );
}

/** The names, in order, of those of a folder's entries that may be runs or hold some. */
export function foldersIn(entries: readonly Dirent[]): string[] {
  const folders = entries.filter(
    (e) => e.isDirectory() && !e.name.startsWith(".") && e.name !== "node_modules",
  );
  return folders.map((e) => e.name).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** A run's summary, from `config.yaml` and `metrics.csv`; what can't be read is left out. */
export function summarize(path: string): RunSummary {
  const config = (attempt(() => parse(readFileSync(configFile(path), "utf8"))) ?? {}) as SomeConfig;
  const terms = attempt(() => termsOf(config)) ?? [];
  const rows = readMetrics(path);
  const best: Record<string, number> = {};
  const last: Record<string, number> = {};
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (!column.startsWith("val/")) continue;
      const name = column.slice(4);
      last[name] = value;
      const better = betterOf(name, terms);
      if ((better !== "higher" && better !== "lower") || !Number.isFinite(value)) continue;
      const sign = better === "higher" ? -1 : 1;
      if (best[name] === undefined || sign * value < sign * best[name]) best[name] = value;
    }
  }
  return {
    path,
    model: config.model_params?.name ?? "?",
    data: config.data_params?.name ?? "?",
    step: rows.at(-1)?.step,
    epoch: rows.at(-1)?.epoch,
    changes: configChanges(path),
    best,
    last,
    terms,
  };
}

/** What of a run's config.yaml is read here; any of it may be missing. */
export interface SomeConfig {
  readonly model_params?: { readonly name?: string } & Readonly<Record<string, unknown>>;
  readonly data_params?: { readonly name?: string };
  readonly exp_params?: ExpParams;
}

/** Names of the loss terms of a config's model. @throws where it is not known here, or its parameters are none of its */
export function termsOf({ model_params, exp_params }: SomeConfig): string[] {
  const { name = "", ...params } = model_params ?? {};
  return Object.keys(getModel(name)?.terms(params, conventionOf(exp_params!)) ?? {});
}

/** The rows of `metrics.csv`, without empty cells; none where there is no such file. */
export function readMetrics(path: string): Record<string, number>[] {
  const text = attempt(() => readFileSync(runFiles(path).metrics, "utf8")) ?? "";
  const [header = "", ...rows] = text.trimEnd().split("\n");
  const columns = header.split(",");
  return rows.map((row) => {
    const cells = row.split(",").map((cell, i) => [columns[i]!, cell] as const);
    return Object.fromEntries(
      cells.filter(([, cell]) => cell !== "").map(([name, cell]) => [name, Number(cell)]),
    );
  });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
