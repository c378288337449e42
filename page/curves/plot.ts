import uPlot from "uplot";
import { duration } from "../../src/text/numbers.ts";
import type { Axis, Series } from "../api.ts";
import { axisNumber } from "../format.ts";
import { colourOf, dashOf } from "./colours.ts";

/** A run's curve in a chart. */
export interface Curve extends Series {
  /** Number of its colour. */
  readonly colour: number;
}

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly axis: Axis;
  readonly isLog: boolean;
  readonly cutsOutliers: boolean;
  /** Whether the values are drawn faintly behind their averages. */
  readonly isSmooth: boolean;
  readonly zoom: { readonly from: number; readonly to: number } | undefined;
}

/** Told what happens in a chart. */
export interface Heard {
  /** The place among the chart's x under the pointer; null: none. */
  at(index: number | null): void;
  zoomed(range: { from: number; to: number } | undefined): void;
}

/** All curves on one list of x, as uPlot wants them: for each its values, where they are drawn, and its average. */
export function tableOf(curves: readonly Curve[], isSmooth: boolean): uPlot.AlignedData {
  const tables = curves.map(
    ({ x, y, smooth }): uPlot.AlignedData => [[...x], ...(isSmooth ? [[...y]] : []), [...smooth]],
  );
  if (tables.length === 0) return [[]];
  return uPlot.join(rising(tables)); // a gap is where a value isn't finite, not where another curve alone has an x
}

/** Several rows may have one x (epochs): joined they need each one once, and the last counts. */
function rising(tables: uPlot.AlignedData[]): uPlot.AlignedData[] {
  return tables.map((table) => {
    const [x] = table;
    const kept = [...x].flatMap((value, i) => (i + 1 < x.length && x[i + 1] === value ? [] : [i]));
    if (kept.length === x.length) return table;
    return table.map((column) => kept.map((i) => column[i]!)) as uPlot.AlignedData;
  });
}

/** Fewer values than this have no outliers. */
const ENOUGH = 40;

/** The range of y that all but a hundredth of the values, high and low, lie in. */
function withoutOutliers(isLog: boolean): uPlot.Range.Function {
  return (u, low, high) => {
    const rest = (min: number, max: number): uPlot.Range.MinMax =>
      isLog ? uPlot.rangeLog(min, max, 10, false) : uPlot.rangeNum(min, max, 0.1, true);
    if (low === null || high === null) return [low, high];
    const { min: from = -Infinity, max: to = Infinity } = u.scales.x!;
    const x = u.data[0];
    const seen = (_: unknown, i: number) => x[i]! >= (from ?? -Infinity) && x[i]! <= (to ?? Infinity);
    const values = u.data.slice(1).flatMap((column) => {
      const own = [...(column as (number | null | undefined)[])]
        .filter(seen)
        .filter((v) => typeof v === "number");
      if (own.length < ENOUGH) return own.length === 0 ? [] : [Math.min(...own), Math.max(...own)];
      own.sort((a, b) => a - b);
      return [own[Math.floor(own.length / 100)]!, own[Math.ceil((own.length * 99) / 100) - 1]!];
    });
    return values.length === 0 ? rest(low, high) : rest(Math.min(...values), Math.max(...values));
  };
}

/** How x is said. */
export const xText = (value: number, axis: Axis): string =>
  axis === "time" ? duration(value) : `${axis} ${Math.round(value).toLocaleString("en-US")}`;

/** A chart of curves in `place`, with colours of its style. */
export function plot(place: HTMLElement, curves: readonly Curve[], look: Look, heard: Heard): uPlot {
  const style = getComputedStyle(place);
  const [text, line] = [style.getPropertyValue("--muted"), style.getPropertyValue("--line")];
  const font = `11px ${style.fontFamily}`;
  const shared: uPlot.Axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const { axis, isSmooth, isLog, zoom } = look;
  const drawn = curves.flatMap(({ colour, x }): uPlot.Series[] => {
    const stroke = colourOf(colour);
    const dash = dashOf(colour);
    const points = { show: x.length <= 30, size: 5, fill: stroke };
    const faint = { stroke, alpha: 0.25, width: 1, points: { show: false }, spanGaps: false };
    return [
      ...(isSmooth ? [faint] : []),
      { stroke, width: 1.75, points, spanGaps: false, ...(dash && { dash }) },
    ];
  });
  return new uPlot(
    {
      width: look.width,
      height: look.height,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: "curves", setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: { show: curves.length <= 12 ? ({ size: 7 } as never) : false },
        y: false,
        bind: {
          dblclick: () => () => {
            heard.zoomed(undefined);
            return null;
          },
        },
      },
      scales: {
        x: { time: false, ...(zoom && { range: [zoom.from, zoom.to] as [number, number] }) },
        y: { ...(isLog && { distr: 3 }), ...(look.cutsOutliers && { range: withoutOutliers(isLog) }) },
      },
      axes: [
        {
          ...shared,
          size: 30,
          space: 70,
          values: (_, values) =>
            values.map((v) => (axis === "time" ? duration(v) : Number.isInteger(v) ? axisNumber(v) : "")),
        },
        {
          ...shared,
          size: (_, values) => 18 + 6.4 * Math.max(2, ...(values ?? []).map((v) => v?.length ?? 0)),
          values: (_, values) => values.map((v) => (v === null ? "" : axisNumber(v))),
        },
      ],
      series: [{}, ...drawn],
      hooks: {
        setCursor: [(u) => heard.at(u.cursor.idx ?? null)],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 4) return;
            heard.zoomed({ from: u.posToVal(left, "x"), to: u.posToVal(left + width, "x") });
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    tableOf(curves, isSmooth),
    place,
  );
}
