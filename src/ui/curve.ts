import type { Axis, Series } from "./api.ts";
import { jsonNumber } from "./csv_cells.ts";
import type { Numbers } from "./growing.ts";
import type { Column, Table } from "./metrics_file.ts";

export interface HowToDraw {
  readonly axis: Axis;
  /** Most points; between two of them lie no lower and no higher values. */
  readonly points: number;
  /** Weight of the past in the moving average, 0 (none) to below 1. */
  readonly smoothing: number;
  /** Images a step, for seconds. */
  readonly batch: number;
  /** Ends of x; left out: all. */
  readonly from?: number;
  readonly to?: number;
}

/** The points of a column to draw. */
export function curveOf(table: Table, column: Column, how: HowToDraw): Omit<Series, "run" | "term"> {
  const { rows, values } = column;
  const along: Numbers = { step: table.steps, epoch: table.epochs, time: table.trained }[how.axis];
  const scale = how.axis === "time" ? how.batch : 1;
  const x = (i: number) => along.at(rows.at(i)) * scale;
  const first = Math.max(0, firstFrom(x, rows.length, how.from ?? -Infinity) - 1);
  const end = Math.min(rows.length, firstFrom(x, rows.length, how.to ?? Infinity) + 1);
  const picked = pick(first, end, { x, y: (i) => values.at(i) }, how.points);
  const average = averages(values, how.smoothing);
  return {
    x: picked.map((i) => short(x(i))),
    y: picked.map((i) => jsonNumber(short(values.at(i)))),
    smooth: picked.map((i) => jsonNumber(short(average(i)))),
    total: rows.length,
  };
}

/** Seven digits: more than can be seen. */
const short = (value: number): number => Number(value.toPrecision(7));

/** The first i whose x is at least `least`; x rises. */
function firstFrom(x: (i: number) => number, length: number, least: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x(middle) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of each of equal parts of x the lowest and the highest value, and one that is not finite. */
function pick(
  first: number,
  end: number,
  { x, y }: { x: (i: number) => number; y: (i: number) => number },
  points: number,
): number[] {
  if (end - first <= points) return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  const parts = Math.max(1, Math.floor(points / 2) - 1);
  const left = x(first);
  const width = (x(end - 1) - left) / parts || 1;
  const kept = new Set<number>([first]);
  for (let i = first; i < end; ) {
    const part = Math.min(parts - 1, Math.floor((x(i) - left) / width));
    let [low, high, broken] = [-1, -1, -1];
    for (; i < end && Math.min(parts - 1, Math.floor((x(i) - left) / width)) === part; i++) {
      const value = y(i);
      if (!Number.isFinite(value)) broken = i;
      else {
        if (low < 0 || value < y(low)) low = i;
        if (high < 0 || value > y(high)) high = i;
      }
    }
    for (const i of [low, high, broken]) if (i >= 0) kept.add(i);
  }
  kept.add(end - 1);
  return [...kept].sort((a, b) => a - b);
}

/**
 * The exponential moving average at a place, corrected for its start at 0 as Adam's moments are; values that are not finite
 * don't count.
 */
function averages(values: Numbers, smoothing: number): (i: number) => number {
  if (smoothing <= 0) return (i) => values.at(i);
  const found = new Float64Array(values.length);
  let [sum, weight] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values.at(i);
    if (Number.isFinite(value)) {
      sum = smoothing * sum + (1 - smoothing) * value;
      weight = smoothing * weight + (1 - smoothing);
    }
    found[i] = weight > 0 ? sum / weight : Number.NaN;
  }
  return (i) => found[i]!;
}
