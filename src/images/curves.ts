import { scaleLinear } from "d3-scale";
import { clipBox, dot, LINE, polyline, shapesPng, textAt, widthOf } from "./svg.ts";

/** Values of one quantity over steps. */
export interface Curve {
  readonly points: readonly (readonly [step: number, value: number])[];
  readonly color: string;
}

export interface CurvesOptions {
  /** What the values are. */
  readonly title: string;
  /** Names of colours, from the top. */
  readonly legend: readonly { readonly name: string; readonly color: string }[];
  /** Lowest and highest value shown; lines beyond are cut off. */
  readonly range: readonly [number, number];
}

const WIDTH = 760;
const HEIGHT = 420;
const PADDING = 16;
const [INK, RULE] = ["#000", "#ddd"];

/** A PNG of curves over steps, those that come later on top, with a legend to the right. */
export function curvesPng(
  curves: readonly Curve[],
  { title, legend, range }: CurvesOptions,
): Promise<Buffer> {
  const last = Math.max(1, ...curves.flatMap(({ points }) => points.map(([step]) => step)));
  const y = scaleLinear().domain(range).nice(5);
  const x = scaleLinear().domain([0, last]);
  const ticks = y.ticks(5).map((value) => ({ value, text: String(Number(value.toPrecision(6))) }));
  const left = PADDING + Math.max(...ticks.map(({ text }) => widthOf(text))) + PADDING;
  const top = PADDING + 2 * LINE;
  const [right, bottom] = [left + WIDTH, top + HEIGHT];
  y.range([bottom, top]);
  x.range([left, right]);
  const shapes = [clipBox("plot", left, top - 3, WIDTH + 4, HEIGHT + 6), textAt(title, PADDING, PADDING + 6)];
  for (const { value, text } of ticks) {
    shapes.push(
      polyline(
        [
          [left, y(value)],
          [right, y(value)],
        ],
        { color: RULE, width: 1 },
      ),
      textAt(text, left - PADDING / 2, y(value), { anchor: "end" }),
    );
  }
  shapes.push(
    polyline(
      [
        [left, bottom],
        [right, bottom],
      ],
      { color: INK, width: 1 },
    ),
  );
  for (const step of x.ticks(6).filter(Number.isInteger))
    shapes.push(textAt(String(step), x(step), bottom + LINE, { anchor: "middle" }));
  shapes.push(textAt("step", right, bottom + 2 * LINE + 4, { anchor: "end" }));
  for (const { points, color } of curves) {
    const shown = points.map(([step, value]) =>
      Number.isFinite(value) ? ([x(step), y(value)] as const) : undefined,
    );
    shapes.push(polyline(shown, { color, clip: "plot" }));
    for (const point of shown) if (point !== undefined) shapes.push(dot(point, 3.5, { color, clip: "plot" }));
  }
  legend.forEach(({ name, color }, i) => {
    const at = top + LINE / 2 + i * (LINE + 6);
    shapes.push(
      polyline(
        [
          [right + PADDING, at],
          [right + PADDING + 20, at],
        ],
        { color, width: 4 },
      ),
    );
    shapes.push(textAt(name, right + PADDING + 28, at));
  });
  const names = Math.max(0, ...legend.map(({ name }) => widthOf(name)));
  const height = Math.max(bottom + 3 * LINE, top + legend.length * (LINE + 6) + PADDING);
  return shapesPng(right + PADDING + 28 + names + PADDING, height, shapes);
}
