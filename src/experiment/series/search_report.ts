import { join } from "node:path";
import { toPlain } from "../../config/located.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { metricOf } from "../../metrics/table.ts";
import { counted } from "../../text/counted.ts";
import { short } from "../../text/numbers.ts";
import { settingText } from "../sweep/names.ts";
import type { Choice } from "./choices.ts";
import type { Search, Trial } from "./experiment.ts";
import { IMPARTIAL, networkIn } from "./learned_by.ts";

/** Writes `search.md` of the trials beside the experiment's `table.md`, and gives its name. */
export async function searchReport(
  search: Search,
  choices: readonly Choice[],
  folder: string,
): Promise<string> {
  const file = join(folder, "search.md");
  await writeAtomic(file, searchMarkdown(search, choices));
  return file;
}

/** Every trial as Markdown: a row each, the chosen one of a run in bold. */
function searchMarkdown(
  { name, metric, metricOf: numberOf, options, better, steps, seeds }: Search,
  choices: readonly Choice[],
): string {
  const keys = [...new Set(choices.flatMap(({ trials }) => [...trials[0]!.values.keys()]))];
  const unit = metricOf(metric)?.unit ?? "";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const asks = [...numberOf.values()].some((own) => own !== metric); // which network judges
  const heads = ["run", ...keys, `${metric}${unit === "" ? "" : `, ${unit}`}`, ...(asks ? [IMPARTIAL] : [])];
  const rows = choices.flatMap(({ run, trials, best }) =>
    trials.map(({ values, value, why }, i) => {
      const cells = [
        ...keys.map((key) => (values.has(key) ? settingText(toPlain(values.get(key)!)) : "")),
        value === undefined ? (why ?? "not there yet") : short(value),
        ...(asks ? [networkIn(numberOf.get(run)!, options)!] : []),
      ];
      return line([run, ...cells.map((cell) => (i === best && cell !== "" ? `**${cell}**` : cell))]);
    }),
  );
  const edges = choices.flatMap(atEdges);
  return `${[
    `# ${name}: search`,
    "",
    `${counted(choices[0]!.trials.length, "trial")} a run, ${counted(steps, "step")} each, seed ${seeds[0]}; the ${better === "lower" ? "lowest" : "highest"} ` +
      `${metric} on images of the val split is chosen (in bold).` +
      (edges.length === 0
        ? ""
        : ` At the edge of what was tried, so that more might be better still: ${edges.join("; ")}.`),
    "",
    line(heads),
    line(heads.map(() => "---")),
    ...rows,
  ].join("\n")}\n`;
}

/** Keys of which the chosen value is the lowest or the highest of three or more that were tried. */
function atEdges({ run, trials, best }: Choice): string[] {
  if (best === undefined) return [];
  return [...trials[best]!.values.keys()].flatMap((key) => {
    const tryOf = ({ values }: Trial) => toPlain(values.get(key)!);
    const tried = [...new Set(trials.map(tryOf))];
    if (tried.length < 3 || !tried.every((value) => typeof value === "number")) return [];
    const chosen = tryOf(trials[best]!);
    return chosen === Math.min(...tried) || chosen === Math.max(...tried)
      ? [`${run}'s ${key} ${chosen}`]
      : [];
  });
}
