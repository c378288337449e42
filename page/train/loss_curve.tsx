import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { isDark } from "../theme.ts";

const HEIGHT = 180;

/** The total of each step so far. */
export function LossCurve({ totals }: { totals: Signal<readonly number[]> }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const box = place.current!;
    const style = getComputedStyle(document.documentElement);
    const axis = {
      stroke: style.getPropertyValue("--muted"),
      grid: { stroke: style.getPropertyValue("--line"), width: 1 },
    };
    const made = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        scales: { x: { time: false } },
        axes: [axis, { ...axis, size: 70 }],
        series: [{}, { stroke: style.getPropertyValue("--accent"), width: 1.5 }],
      },
      dataOf(totals.peek()),
      box,
    );
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [isDark.value]);
  useEffect(() => chart.current?.setData(dataOf(totals.value)), [totals.value]);
  return (
    <figure class="chart" hidden={totals.value.length === 0}>
      <figcaption>total</figcaption>
      <div ref={place} />
    </figure>
  );
}

const dataOf = (totals: readonly number[]): uPlot.AlignedData => [totals.map((_, i) => i + 1), [...totals]];
