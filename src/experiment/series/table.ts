import type { Better } from "../../metrics/define.ts";
import { BETTER_WORDS, betterOf, metricOf } from "../../metrics/table.ts";
import { counted } from "../../text/counted.ts";
import { short } from "../../text/numbers.ts";
import type { Experiment } from "./experiment.ts";
import { learnedBy, networkIn } from "./learned_by.ts";
import type { MemberEvaluation } from "./member.ts";

/** The evaluations of one run, by seed. */
export type Evaluations = ReadonlyMap<string, ReadonlyMap<number, MemberEvaluation>>;

/** A number of one run over its seeds. */
export interface Cell {
  readonly bySeed: ReadonlyMap<number, number>;
  readonly mean: number;
  /** Of the sample, n - 1; not a number for one seed. */
  readonly deviation: number;
  /** Of those that no network judges that the run learned by. */
  readonly best: boolean;
  /** Whether a network judges that the run learned by. */
  readonly partial: boolean;
}

export interface Row {
  readonly metric: string;
  readonly better: Better;
  /** By run; runs without the number not. */
  readonly cells: ReadonlyMap<string, Cell>;
}

/** Each metric that is one number, in the order of the evaluations. */
export function rowsOf({ members, runs, options }: Experiment, evaluations: Evaluations): Row[] {
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
  const learners = new Map(
    options.networks.map(({ name }) => {
      const learns = (run: string) => learnedBy([members.find((member) => member.run === run)!], name); // as its other seeds
      return [name, runs.filter(learns)] as const;
    }),
  );
  return numbers.map((metric) => {
    const better = betterOf(metric);
    const values = valuesOf(metric);
    const targets = valuesOf(metricOf(metric)?.target ?? "");
    const means = new Map([...values].map(([run, bySeed]) => [run, meanOf([...bySeed.values()])]));
    const cost = (run: string) => {
      const value = means.get(run)!;
      if (better === "higher") return -value;
      return better === "lower" ? value : Math.abs(value - meanOf([...(targets.get(run)?.values() ?? [])]));
    };
    const partials = learners.get(networkIn(metric, options) ?? "") ?? [];
    const compared = [...means.keys()].filter((run) => !partials.includes(run));
    const least = Math.min(...compared.map(cost));
    const cells = [...values].map(([run, bySeed]) => {
      const partial = !compared.includes(run);
      const best = better !== "neither" && compared.length > 1 && !partial && cost(run) === least;
      const deviation = deviationOf([...bySeed.values()]);
      return [run, { bySeed, mean: means.get(run)!, deviation, best, partial }] as const;
    });
    return { metric, better, cells: new Map(cells) };
  });
}

/** Metrics of so many labels stand in the table; of more, their mean alone. */
const MOST_LABELS = 10;

/** Runs above which a table has a row a run: so many columns can't be read. */
const MOST_COLUMNS = 6;

/**
 * The table as Markdown: a row a metric, a column a run, or of many runs the other way round; mean ± standard deviation over
 * seeds, the best in bold, in brackets what a network judges that the run learned by. `about`: what is said besides, a paragraph each.
 */
export function markdown(
  experiment: Experiment,
  evaluations: Evaluations,
  about: readonly string[] = [],
): string {
  const { name, steps, options, runs } = experiment;
  const shown = runs.filter((run) => evaluations.has(run));
  const rows = rowsOf(experiment, evaluations);
  const labels = rows.filter(({ metric }) => metricOf(metric)?.perLabel);
  const kept = labels.length > MOST_LABELS ? rows.filter((row) => !labels.includes(row)) : rows;
  const first = [...[...evaluations.values()][0]!.values()][0]!;
  const text = (cell: Cell | undefined) => {
    if (cell === undefined) return "";
    const { mean, deviation, best, partial } = cell;
    const value = Number.isNaN(deviation)
      ? short(mean)
      : `${short(mean)} ± ${short(deviation, { digits: 2 })}`;
    if (best) return `**${value}**`;
    return partial ? `(${value})` : value;
  };
  const judges = [
    ...options.networks.map(({ name }) => name),
    ...(options.lpips ? [`LPIPS (${options.lpips.variant})`] : []),
  ];
  const inBrackets = kept.some(({ cells }) => [...cells.values()].some(({ partial }) => partial));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const seeds = shown.map((run) => `${run} ${[...evaluations.get(run)!.keys()].join(", ")}`);
  const whole =
    shown.length === runs.length && shown.every((r) => evaluations.get(r)!.size === experiment.seeds.length);
  const lines = [
    ["metric", "unit", "better", ...shown],
    ["---", "---", "---", ...shown.map(() => "---")],
    ...kept.map(({ metric, better, cells }) => {
      const unit = metricOf(metric)?.unit ?? "";
      return [metric, unit, BETTER_WORDS[better], ...shown.map((run) => text(cells.get(run)))];
    }),
  ];
  return `${[
    `# ${name}`,
    "",
    `${counted(steps, "step")} each; ${counted(first.images, "image")} of ${first.data}'s ${first.split} split; ` +
      `mean ± standard deviation over the seeds ${experiment.seeds.join(", ")}, the best mean in bold.` +
      (whole ? "" : ` Not complete, there are: ${seeds.join("; ")}.`) +
      (labels.length > MOST_LABELS ? " Metrics of each label: table.csv." : ""),
    ...about.flatMap((line) => ["", line]),
    "",
    ...(shown.length > MOST_COLUMNS ? turned(lines) : lines).map(line),
    "",
    `Judged by ${judges.join(" and ")}.${inBrackets ? " In brackets: by a network that the run learned by." : ""} ` +
      "What each metric is: docs/figures.md.",
  ].join("\n")}\n`;
}

/** A table of metrics by rows as one of them by columns. */
function turned([head, rule, ...rows]: string[][]): string[][] {
  const [, unit, better, ...runs] = head!.map((first, column) => [first, ...rows.map((row) => row[column]!)]);
  const heads = head!.slice(0, 1).concat(rows.map(([metric]) => metric!));
  return [heads, heads.map(() => rule![0]!), unit!, better!, ...runs];
}

/** A row a metric and run: mean, standard deviation, whether it is the best, and the value of each seed. */
export function csv(experiment: Experiment, evaluations: Evaluations): string {
  const { seeds, runs } = experiment;
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
  const lines = rowsOf(experiment, evaluations).flatMap(({ metric, better, cells }) =>
    runs.flatMap((run) => {
      const cell = cells.get(run);
      if (cell === undefined) return [];
      const { mean, deviation, best, bySeed } = cell;
      const numbers = [mean, deviation].map((v) => (Number.isNaN(v) ? "" : v));
      return [
        [
          metric,
          metricOf(metric)?.unit ?? "",
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

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function deviationOf(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}
