import { type Curve, curvesPng } from "../../images/curves.ts";
import { type Axis, parallelPng } from "../../images/parallel.ts";
import { keyNames } from "../sweep/names.ts";
import type { Member } from "./members.ts";
import type { Ranked } from "./ranking.ts";
import type { Result } from "./results.ts";
import type { Sweep } from "./sweep.ts";

/** Of the best runs, in their order: of Okabe and Ito, which those who see fewer colours tell apart. */
const COLORS = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const OTHERS = "#c4c4c4";
/** The share of a metric's values that the curves' picture has room for. */
const SHOWN = 0.9;

/** `parallel.png`, a line a run across its settings and its metric, and `curves.png`, the metric over the steps. */
export async function sweepPictures(
  { keys, monitor }: Sweep,
  rows: readonly Ranked[],
  results: ReadonlyMap<Member, Result>,
): Promise<[string, Buffer][]> {
  const colorOf = (rank: number) => COLORS[rank] ?? OTHERS;
  const order = [...rows.keys()].reverse(); // the best is drawn last
  const names = keyNames(keys);
  const axes: Axis[] = keys.map((_, i) => ({
    name: names[i]!,
    values: order.map((rank) => axisValue(rows[rank]!.settings[i])),
  }));
  const worth = (rank: number) => {
    const { value } = rows[rank]!;
    return value !== undefined && Number.isFinite(value) ? value : undefined;
  };
  axes.push({ name: monitor.monitor, values: order.map(worth), downward: monitor.mode === "min" });
  const curves = order.flatMap((rank) =>
    rows[rank]!.members.map(
      (member): Curve => ({ color: colorOf(rank), points: pointsOf(results.get(member)!, monitor.monitor) }),
    ),
  );
  const legend = rows.slice(0, COLORS.length).map(({ run }, rank) => ({ name: run, color: colorOf(rank) }));
  if (rows.length > COLORS.length) legend.push({ name: "others", color: OTHERS });
  return [
    ["parallel.png", await parallelPng(axes, order.map(colorOf))],
    [
      "curves.png",
      await curvesPng(curves, { title: monitor.monitor, legend, range: rangeOf(curves, monitor.mode) }),
    ],
  ];
}

const axisValue = (value: unknown): number | string =>
  typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value);

const pointsOf = ({ validations }: Result, metric: string): Curve["points"] =>
  validations.flatMap(({ step, values }) =>
    values[metric] === undefined ? [] : [[step, values[metric]] as const],
  );

/** From the best value to one that few are worse than: a run that went wrong, or a first validation, would flatten all. */
function rangeOf(curves: readonly Curve[], mode: "min" | "max"): [number, number] {
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value).filter(Number.isFinite));
  values.sort((a, b) => (mode === "min" ? a - b : b - a));
  const best = values[0]!;
  const worst = values[Math.min(values.length - 1, Math.floor(SHOWN * values.length))]!;
  const ends: [number, number] = mode === "min" ? [best, worst] : [worst, best];
  return best === worst ? [best - 0.5, best + 0.5] : ends;
}
