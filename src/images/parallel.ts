import { scaleLinear, scaleLog, scalePoint } from "d3-scale";
import { LINE, polyline, shapesPng, textAt, widthOf } from "./svg.ts";

/** One vertical line of the picture: a setting, or what came of it. */
export interface Axis {
  readonly name: string;
  /** Of each run, in order; undefined: it has none. */
  readonly values: readonly (number | string | undefined)[];
  /** The lowest number is at the top. */
  readonly downward?: boolean;
}

const HEIGHT = 360;
const PADDING = 16;
const INK = "#000";
/** Numbers above zero whose largest is so many times their smallest are spread by their logarithm. */
const WIDE = 10;
/** Numbers of an axis that are each written; of more, round ones. */
const EACH = 6;

interface Placed {
  at(value: number | string): number;
  readonly ticks: readonly { readonly y: number; readonly text: string }[];
}

/**
 * A PNG of parallel coordinates: a line a run across all axes, by its values; later ones on top. Axes of numbers are
 * linear or, where they are wide, logarithmic; those of words have a place for each.
 */
export function parallelPng(axes: readonly Axis[], colors: readonly string[]): Promise<Buffer> {
  const [top, bottom] = [PADDING + 2 * LINE, PADDING + 2 * LINE + HEIGHT];
  const placed = axes.map((axis) => placeOf(axis, top, bottom));
  const shapes: string[] = [];
  let x = PADDING;
  const xs = axes.map(({ name }, i) => {
    const labels = Math.max(...placed[i]!.ticks.map(({ text }) => widthOf(text)));
    const at = x + Math.max(labels + PADDING, widthOf(name) / 2);
    x = at + Math.max(110, widthOf(name) / 2 + PADDING);
    return at;
  });
  colors.forEach((color, run) => {
    const points = axes.map(({ values }, i) => {
      const value = values[run];
      return value === undefined ? undefined : ([xs[i]!, placed[i]!.at(value)] as const);
    });
    shapes.push(polyline(points, { color, width: 2.5 }));
  });
  axes.forEach(({ name }, i) => {
    shapes.push(
      polyline(
        [
          [xs[i]!, top],
          [xs[i]!, bottom],
        ],
        { color: INK, width: 1.5 },
      ),
      textAt(name, xs[i]!, PADDING + LINE / 2, { anchor: "middle" }),
    );
    for (const { y, text } of placed[i]!.ticks)
      shapes.push(
        polyline(
          [
            [xs[i]! - 5, y],
            [xs[i]!, y],
          ],
          { color: INK, width: 1.5 },
        ),
        textAt(text, xs[i]! - 9, y, { anchor: "end", halo: true }),
      );
  });
  return shapesPng(
    xs.at(-1)! + widthOf(axes.at(-1)!.name) / 2 + PADDING,
    bottom + PADDING + LINE / 2,
    shapes,
  );
}

function placeOf({ values, downward = false }: Axis, top: number, bottom: number): Placed {
  const there = [...new Set(values.filter((v) => v !== undefined))];
  const numbers = there.filter((v) => typeof v === "number" && Number.isFinite(v)) as number[];
  if (numbers.length < there.length || numbers.length === 0) {
    const names = there.map(String);
    const scale = scalePoint(names, [bottom, top]).padding(0.2);
    return {
      at: (value) => scale(String(value))!,
      ticks: names.map((text) => ({ y: scale(text)!, text })),
    };
  }
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const ends = downward ? [top, bottom] : [bottom, top];
  const isWide = low > 0 && high / low >= WIDE;
  const scale = isWide
    ? scaleLog([low, high], ends)
    : scaleLinear([low, high === low ? low + 1 : high], ends);
  const format = scale.tickFormat(5);
  const few = numbers.length <= EACH;
  const shown = (
    few
      ? numbers.map((n) => [n, String(Number(n.toPrecision(4)))] as const)
      : scale.ticks(5).map((n) => [n, format(n)] as const)
  )
    .filter(([, text]) => text !== "")
    .map(([n, text]) => ({ y: scale(n), text: text.replace("−", "-") }));
  return { at: (value) => scale(Number(value)), ticks: apart(shown) };
}

/** Without labels that would lie on another. */
function apart(ticks: readonly { readonly y: number; readonly text: string }[]) {
  const kept: { readonly y: number; readonly text: string }[] = [];
  for (const tick of ticks) if (kept.every(({ y }) => Math.abs(y - tick.y) >= LINE)) kept.push(tick);
  return kept;
}
