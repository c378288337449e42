import { BETTER_WORDS, type Better, betterOf, metricOf } from "../../metrics/table.ts";
import type { Experiment } from "./load.ts";
import type { MemberEvaluation } from "./member.ts";

/** The evaluations of one run, by seed. */
export type Evaluations = ReadonlyMap<string, ReadonlyMap<number, MemberEvaluation>>;

/** A figure of one run over its seeds. */
export interface Cell {
  readonly bySeed: ReadonlyMap<number, number>;
  readonly mean: number;
  /** Of the sample, n - 1; not a number for one seed. */
  readonly deviation: number;
  readonly best: boolean;
}

export interface Row {
  readonly figure: string;
  readonly better: Better;
  /** By run; runs without the figure not. */
  readonly cells: ReadonlyMap<string, Cell>;
}

/** Each figure that is one number, in the order of the evaluations. */
export function rowsOf(evaluations: Evaluations): Row[] {
  const all = [...evaluations.values()].flatMap((bySeed) => [...bySeed.values()]);
  const names = [...new Set(all.flatMap(({ figures }) => Object.keys(figures)))];
  const numbers = names.filter((name) => all.some(({ figures }) => typeof figures[name] === "number"));
  const valuesOf = (name: string) =>
    new Map(
      [...evaluations].flatMap(([run, bySeed]) => {
        const found = [...bySeed].flatMap(([seed, { figures }]) => {
          const value = figures[name];
          return typeof value === "number" ? [[seed, value] as const] : [];
        });
        return found.length > 0 ? [[run, new Map(found)] as const] : [];
      }),
    );
  const targets = valuesOf("sharpness_images");
  return numbers.map((figure) => {
    const better = betterOf(figure);
    const values = valuesOf(figure);
    const means = new Map([...values].map(([run, bySeed]) => [run, meanOf([...bySeed.values()])]));
    const cost = (run: string) => {
      const value = means.get(run)!;
      if (better === "higher") return -value;
      return better === "lower" ? value : Math.abs(value - meanOf([...(targets.get(run)?.values() ?? [])]));
    };
    const least = Math.min(...[...means.keys()].map(cost));
    const cells = [...values].map(([run, bySeed]) => {
      const best = better !== "neither" && values.size > 1 && cost(run) === least;
      const cell = { bySeed, mean: means.get(run)!, deviation: deviationOf([...bySeed.values()]), best };
      return [run, cell] as const;
    });
    return { figure, better, cells: new Map(cells) };
  });
}

/** Figures of so many labels stand in the table; of more, their mean alone. */
const MOST_LABELS = 10;

/** The table as Markdown: a row a figure, a column a run, mean ± standard deviation over seeds, the best in bold. */
export function markdown(experiment: Experiment, evaluations: Evaluations): string {
  const { name, steps, options, runs } = experiment;
  const shown = runs.filter((run) => evaluations.has(run));
  const rows = rowsOf(evaluations);
  const labels = rows.filter(({ figure }) => isOfLabel(figure, experiment));
  const kept = labels.length > MOST_LABELS ? rows.filter((row) => !labels.includes(row)) : rows;
  const first = [...[...evaluations.values()][0]!.values()][0]!;
  const text = (cell: Cell | undefined) => {
    if (cell === undefined) return "";
    const { mean, deviation, best } = cell;
    const value = Number.isNaN(deviation) ? short(mean) : `${short(mean)} ± ${short(deviation, 2)}`;
    return best ? `**${value}**` : value;
  };
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const seeds = shown.map((run) => `${run} ${[...evaluations.get(run)!.keys()].join(", ")}`);
  const whole =
    shown.length === runs.length && shown.every((r) => evaluations.get(r)!.size === experiment.seeds.length);
  return `${[
    `# ${name}`,
    "",
    `${steps} steps each; ${first.images} images of ${first.data}'s ${first.split} split; ` +
      `mean ± standard deviation over the seeds ${experiment.seeds.join(", ")}, the best mean in bold.` +
      (whole ? "" : ` Not complete, there are: ${seeds.join("; ")}.`) +
      (labels.length > MOST_LABELS ? " Figures of each label: table.csv." : ""),
    "",
    line(["figure", "unit", "better", ...shown]),
    line(["---", "---", "---", ...shown.map(() => "---")]),
    ...kept.map(({ figure, better, cells }) => {
      const unit = metricOf(figure)?.unit ?? "";
      return line([figure, unit, BETTER_WORDS[better], ...shown.map((run) => text(cells.get(run)))]);
    }),
    "",
    `Judged by ${options.network.name}${options.lpips ? ` and LPIPS (${options.lpips.variant})` : ""}. ` +
      "What each figure is: docs/figures.md.",
  ].join("\n")}\n`;
}

/** A row a figure and run: mean, standard deviation, whether it is the best, and the value of each seed. */
export function csv({ seeds, runs }: Experiment, evaluations: Evaluations): string {
  const header = [
    "figure",
    "unit",
    "better",
    "run",
    "mean",
    "deviation",
    "best",
    ...seeds.map((s) => `seed_${s}`),
  ];
  const lines = rowsOf(evaluations).flatMap(({ figure, better, cells }) =>
    runs.flatMap((run) => {
      const cell = cells.get(run);
      if (cell === undefined) return [];
      const { mean, deviation, best, bySeed } = cell;
      const numbers = [mean, deviation].map((v) => (Number.isNaN(v) ? "" : v));
      return [
        [
          figure,
          metricOf(figure)?.unit ?? "",
          better,
          run,
          ...numbers,
          best,
          ...seeds.map((seed) => bySeed.get(seed) ?? ""),
        ].join(","),
      ];
    }),
  );
  return `${[header.join(","), ...lines].join("\n")}\n`;
}

const isOfLabel = (figure: string, { figures }: Experiment): boolean =>
  ["svm", "logistic"].some((name) => figures.includes(name) && figure.startsWith(`${name}_`));

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function deviationOf(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}

const short = (value: number, digits = 4): string =>
  Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
