import { join } from "node:path";
import { dumpConfig } from "../../config/dump.ts";
import { UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { metricOf } from "../../metrics/table.ts";
import { counted } from "../../text/counted.ts";
import { short } from "../../text/numbers.ts";
import { shellWord } from "../../text/shell.ts";
import { keyNames, settingText } from "../sweep/names.ts";
import type { Member } from "./members.ts";
import { type Ranked, ranked } from "./ranking.ts";
import type { Report } from "./report.ts";
import { metricAt, type Result } from "./results.ts";
import type { Sweep } from "./sweep.ts";
import { sweepPictures } from "./sweep_pictures.ts";

/**
 * Makes `table.md`, `table.csv`, `parallel.png`, `curves.png` and `best.yaml` in the sweep's folder of what its runs' own
 * folders hold.
 *
 * @throws UserError where no run has been validated
 */
export async function sweepReport(
  sweep: Sweep,
  results: ReadonlyMap<Member, Result>,
  failures?: ReadonlyMap<Member, string>,
): Promise<Report> {
  const { out, monitor } = sweep;
  const rows = ranked(sweep, results, failures);
  const best = rows[0]!;
  if (best.value === undefined) {
    const why = rows.map(({ state }) => state).find((state) => state.startsWith("failed"));
    throw new UserError(
      `${out}: expected runs with ${monitor.monitor}, got none${why === undefined ? ". Train some first" : `; the first ${why}`}`,
    );
  }
  const table = markdown(sweep, rows, results);
  const made: [string, string | Uint8Array][] = [
    ["table.md", table],
    ["table.csv", csv(sweep, rows, results)],
    ...(await sweepPictures(sweep, rows, results)),
    ["best.yaml", bestConfig(sweep, best)],
  ];
  for (const [name, content] of made) await writeAtomic(join(out, name), content);
  return { table, files: made.map(([name]) => join(out, name)), notes: [] };
}

function markdown(
  { name, keys, seeds, monitor, halving }: Sweep,
  rows: readonly Ranked[],
  results: ReadonlyMap<Member, Result>,
): string {
  const others = otherMetrics(monitor.monitor, results);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const heads = ["", ...keyNames(keys), monitor.monitor, ...others, "steps", ""];
  const body = rows.map(({ settings, members, step, value, deviation, state }, i) => {
    const bold = (text: string) => (i === 0 ? `**${text}**` : text);
    const spread = Number.isNaN(deviation) ? "" : ` ± ${short(deviation, { digits: 2 })}`;
    const rest = others.map((metric) => {
      const values = members.flatMap((member) => metricAt(results.get(member)!, metric, step) ?? []);
      return values.length === 0 ? "" : short(values.reduce((a, b) => a + b, 0) / values.length);
    });
    return [
      String(i + 1),
      ...settings.map(settingText),
      value === undefined ? "" : bold(`${short(value)}${spread}`),
      ...rest,
      String(step),
      state === "done" ? "" : state,
    ];
  });
  const way = monitor.mode === "min" ? "lowest" : "highest";
  const of = seeds.length > 1 ? `, mean ± standard deviation over the seeds ${seeds.join(", ")}` : "";
  const rungs =
    halving === undefined ? "" : ` Successive halving, rungs at ${halving.rungs.join(", ")} steps.`;
  return `${[
    `# ${name}`,
    "",
    `${counted(rows.length, "run")}, the ${way} ${monitor.monitor} first, at the last validation${of}.${rungs}`,
    "",
    ...[heads, heads.map(() => "---"), ...body].map(line),
  ].join("\n")}\n`;
}

/** What a loss comes to, which its terms and others say better. */
const SUMS = ["val/objective", "val/total"];

/** Metrics besides the one that is compared by, that tables of runs have a column of, and some run has. */
function otherMetrics(metric: string, results: ReadonlyMap<Member, Result>): string[] {
  const all = [...results.values()].flatMap(({ validations }) =>
    validations.flatMap((v) => Object.keys(v.values)),
  );
  const isShown = (name: string) =>
    name !== metric && !SUMS.includes(name) && metricOf(name)?.column === true;
  return [...new Set(all)].filter(isShown);
}

/** A row a member, with every metric of its last validation. */
function csv(
  { keys, monitor }: Sweep,
  rows: readonly Ranked[],
  results: ReadonlyMap<Member, Result>,
): string {
  const last = (member: Member) => results.get(member)!.validations.at(-1);
  const metrics = [
    ...new Set([
      monitor.monitor,
      ...rows.flatMap(({ members }) => members.flatMap((m) => Object.keys(last(m)?.values ?? {}))),
    ]),
  ];
  const header = ["rank", "run", ...keys, "seed", "step", "state", ...metrics];
  const lines = rows.flatMap(({ run, settings, members, state }, i) =>
    members.map((member) => [
      i + 1,
      run,
      ...settings.map(settingText),
      member.seed,
      last(member)?.step ?? 0,
      state,
      ...metrics.map((metric) => last(member)?.values[metric] ?? ""),
    ]),
  );
  return `${[header, ...lines].map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

function cell(value: unknown): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The best run's config with its first seed, as a file to train it by again. */
function bestConfig({ name, keys, monitor, out, baseDir }: Sweep, best: Ranked): string {
  const { config, model, seed } = best.members[0]!;
  const file = join(out, "best.yaml");
  const settings = keys.map((key, i) => `#   ${key}: ${settingText(best.settings[i])}`);
  const own = {
    ...config,
    logging_params: { ...config.logging_params, save_dir: "logs/", name: `${name}_best` },
  };
  return [
    `# The best run of ${name}: ${monitor.monitor} ${short(best.value!)} at step ${best.step} (seed ${seed}${best.members.length > 1 ? " and others" : ""}), with`,
    ...settings,
    "# To train it again:",
    `#   vae run --config ${shellWord(file)}`,
    dumpConfig(own, { from: baseDir, to: out, model }),
  ].join("\n");
}
