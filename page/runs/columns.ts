import type { RunInfo, Setting } from "../api.ts";

/** A column of the table of runs. */
export interface Column {
  /** `status`, `setting:KEY`, `best:METRIC`, `last:METRIC`. */
  readonly id: string;
  /** Over the column, and in full. */
  readonly title: string;
  readonly full: string;
  /** Where it is chosen. */
  readonly group: "run" | "settings" | "best of the validations" | "last validation";
  readonly isNumber: boolean;
  value(run: RunInfo): Setting | null | undefined;
}

const ORDER = { running: 0, failed: 1, stopped: 2, finished: 3 } as const;

const FIXED: readonly Column[] = [
  own("status", "state", (run) => ORDER[run.status]),
  own("model", "model", (run) => run.model),
  own("data", "data", (run) => run.data),
  own("epoch", "epoch", (run) => run.epoch, true),
  own("step", "step", (run) => run.step, true),
  own("changed", "changed", (run) => run.changed),
];

function own(id: string, title: string, value: Column["value"], isNumber = false): Column {
  return { id, title, full: title, group: "run", isNumber, value };
}

/** Every column that the runs have something in. */
export function columnsOf(runs: readonly RunInfo[]): Column[] {
  const names = (of: (run: RunInfo) => object) => [...new Set(runs.flatMap((run) => Object.keys(of(run))))];
  const settings = names((run) => run.settings).map((key): Column => {
    const value = (run: RunInfo) => entryOf(run.settings, key);
    const isNumber = runs.every((run) => ["number", "undefined"].includes(typeof value(run)));
    return {
      id: `setting:${key}`,
      title: key.slice(key.indexOf(".") + 1),
      full: key,
      group: "settings",
      isNumber,
      value,
    };
  });
  const metrics = (kind: "best" | "last", group: Column["group"]) =>
    names((run) => run[kind]).map(
      (name): Column => ({
        id: `${kind}:${name}`,
        title: kind === "best" ? name : `last ${name}`,
        full: kind === "best" ? `best val/${name}` : `val/${name} of the last validation`,
        group,
        isNumber: true,
        value: (run) => entryOf(run[kind], name),
      }),
    );
  return [
    ...FIXED.slice(0, -1),
    ...settings,
    ...metrics("best", "best of the validations"),
    ...metrics("last", "last validation"),
    FIXED.at(-1)!,
  ];
}

/** A value by its name, where a name may be any text. */
const entryOf = <T>(values: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** Settings that differ for other reasons than a comparison's. */
const DULL = /\.(seed|manual_seed|num_workers|name)$/;
const METRICS = ["objective", "elbo", "psnr"];
const MOST_SETTINGS = 3;
/** What is compared most comes first. */
const SECTIONS = ["exp_params", "model_params", "data_params", "trainer_params"];

const sectionOf = ({ full }: Column) => SECTIONS.indexOf(full.slice(0, full.indexOf(".")));

/** Those that are shown before any are chosen: what differs, and the metrics that compare between most runs. */
export function firstColumns(columns: readonly Column[], runs: readonly RunInfo[]): string[] {
  const differs = ({ value }: Column) => runs.some((run) => value(run) !== value(runs[0]!));
  const settings = columns
    .filter((c) => c.group === "settings" && !DULL.test(c.id) && differs(c))
    .filter(({ value }) =>
      runs.every((run) => value(run) !== undefined && !String(value(run)).startsWith("[")),
    )
    .sort((a, b) => Number(b.isNumber) - Number(a.isNumber) || sectionOf(a) - sectionOf(b));
  const metrics = METRICS.flatMap((name) => {
    const has = (kind: string) => columns.find((c) => c.id === `${kind}:${name}`);
    const coverage = (c: Column | undefined) =>
      c ? runs.filter((run) => c.value(run) !== undefined).length : 0;
    const [best, last] = [has("best"), has("last")];
    const column = coverage(best) >= coverage(last) ? best : last;
    return column === undefined ? [] : [column];
  });
  const named = FIXED.filter(
    (c) =>
      c.id === "status" ||
      c.id === "epoch" ||
      c.id === "changed" ||
      (["model", "data"].includes(c.id) && differs(c)),
  );
  return [...named, ...settings.slice(0, MOST_SETTINGS), ...metrics].map(({ id }) => id);
}

/** Runs by a column; those without a value are last either way. */
export function sorted(
  runs: readonly RunInfo[],
  column: Column | undefined,
  direction: 1 | -1,
): readonly RunInfo[] {
  const byName = (a: RunInfo, b: RunInfo) => a.id.localeCompare(b.id, "en", { numeric: true });
  if (column === undefined) return [...runs].sort((a, b) => direction * byName(a, b));
  return [...runs].sort((a, b) => {
    const [x, y] = [column.value(a) ?? undefined, column.value(b) ?? undefined];
    if (x === undefined || y === undefined) return x === y ? byName(a, b) : x === undefined ? 1 : -1;
    const order =
      typeof x === "number" && typeof y === "number"
        ? x - y
        : String(x).localeCompare(String(y), "en", { numeric: true });
    return direction * order || byName(a, b);
  });
}
