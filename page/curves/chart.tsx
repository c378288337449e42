import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { shortNumber } from "../format.ts";
import { isDark } from "../theme.ts";
import { colourOf } from "./colours.ts";
import { axis, cutsOutliers, isLog, smoothing, zoom } from "./options.ts";
import { type Curve, plot, tableOf, xText } from "./plot.ts";

const HEIGHT = 220;
/** So many values are told beside the pointer. */
const MOST_TOLD = 8;

/** The curves of a term. The arrow keys go from point to point, and what is there is told. */
export function Chart({ term, curves, width }: { term: string; curves: readonly Curve[]; width: number }) {
  const place = useRef<HTMLDivElement>(null);
  const made = useRef<uPlot | undefined>(undefined);
  const at = useSignal<number | null>(null);
  /** While a part is being marked, what comes waits: it would end that. */
  const isHeld = useSignal(false);
  const isSmooth = smoothing.value > 0 && !term.startsWith("val/");
  const positive = curves.every(({ y, smooth }) => [...y, ...smooth].every((v) => v === null || v > 0));
  const log = isLog.value && positive;
  const shape = JSON.stringify([
    curves.map(({ run, colour, x }) => [run, colour, x.length <= 30]),
    [width, axis.value, log, isSmooth, cutsOutliers.value, isDark.value, zoom.value],
  ]);
  useEffect(() => {
    if (place.current === null || width === 0) return;
    const look = {
      width,
      height: HEIGHT,
      axis: axis.value,
      isLog: log,
      isSmooth,
      cutsOutliers: cutsOutliers.value,
      zoom: zoom.value,
    };
    const heard = {
      at: (index: number | null) => {
        at.value = index;
      },
      zoomed: (range: typeof zoom.value) => {
        zoom.value = range;
      },
    };
    made.current = plot(place.current, curves, look, heard);
    return () => {
      made.current?.destroy();
      made.current = undefined;
    };
  }, [shape]);
  useEffect(() => {
    if (isHeld.value) return;
    made.current?.setData(tableOf(curves, isSmooth), zoom.peek() === undefined);
    if (zoom.peek() !== undefined) made.current?.redraw();
  }, [curves, isHeld.value]);
  useEffect(() => {
    const release = () => {
      isHeld.value = false;
    };
    addEventListener("pointerup", release);
    return () => removeEventListener("pointerup", release);
  }, []);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const chart = made.current;
    if (by === undefined || chart === undefined) return;
    event.preventDefault();
    const x = chart.data[0];
    const stride = Math.max(1, Math.round(x.length / 50));
    const now = at.value ?? (by > 0 ? -stride : x.length - 1 + stride);
    const next = Math.max(0, Math.min(x.length - 1, now + by * stride));
    chart.setCursor({ left: chart.valToPos(x[next]!, "x"), top: 20 });
  };
  const told = at.value === null ? undefined : valuesAt(made.current, curves, at.value, isSmooth);
  return (
    <figure class="chart">
      <figcaption>
        {term}
        {isLog.value && !positive && <span class="hint"> has values ≤ 0: not logarithmic</span>}
      </figcaption>
      <div class="frame">
        <div
          class="plot"
          ref={place}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move in it
          tabIndex={0}
          role="application"
          aria-label={`Chart of ${term}, ${curves.length} ${curves.length === 1 ? "curve" : "curves"}. ${summary(curves)} Arrow keys read values.`}
          onKeyDown={move}
          onPointerDown={() => (isHeld.value = true)}
          onBlur={() => (at.value = null)}
        />
        <Told told={told} />
      </div>
    </figure>
  );
}

interface Told {
  readonly x: string;
  /** Whether it is in the left half. */
  readonly isLeft: boolean;
  readonly values: readonly { readonly run: string; readonly colour: number; readonly value: number }[];
}

function Told({ told }: { told: Told | undefined }) {
  if (told === undefined || told.values.length === 0) return null;
  return (
    <p class={told.isLeft ? "told right" : "told"} aria-live="polite">
      <b>{told.x}</b>
      {told.values.slice(0, MOST_TOLD).map(({ run, colour, value }) => (
        <span key={run} title={run}>
          <i style={{ background: colourOf(colour) }} />
          <span class="unseen">{run}: </span>
          {shortNumber(value)}
        </span>
      ))}
      {told.values.length > MOST_TOLD && <span>+{told.values.length - MOST_TOLD}</span>}
    </p>
  );
}

/** What the curves are at a place, the highest first: each at its nearest point. */
function valuesAt(chart: uPlot | undefined, curves: readonly Curve[], index: number, isSmooth: boolean) {
  const x = chart?.data[0][index];
  if (x === undefined) return undefined;
  const values = curves.flatMap(({ run, colour, x: own, y, smooth }) => {
    const i = nearest(own, x);
    const value = (isSmooth ? smooth : y)[i];
    return value === null || value === undefined ? [] : [{ run, colour, value }];
  });
  const isLeft = index < chart!.data[0].length / 2;
  return { x: xText(x, axis.peek()), isLeft, values: values.sort((a, b) => b.value - a.value) };
}

function nearest(x: readonly number[], at: number): number {
  let [low, high] = [0, x.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low > 0 && at - x[low - 1]! < x[low]! - at ? low - 1 : low;
}

/** For who doesn't see it. */
function summary(curves: readonly Curve[]): string {
  return curves
    .slice(0, 5)
    .map(({ run, y }) => `${run} ends at ${shortNumber(y.at(-1))}.`)
    .join(" ");
}
