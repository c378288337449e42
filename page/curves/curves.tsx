import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Chart } from "./chart.tsx";
import { Controls } from "./controls.tsx";
import { Legend } from "./legend.tsx";
import { useCurves } from "./load.ts";
import { termChoices, zoom } from "./options.ts";
import type { Curve } from "./plot.ts";
import type { Shown } from "./shown.ts";

/** Terms whose curves are shown before any are chosen. */
const FIRST = ["train/total", "train/reconstruction", "train/kl", "val/objective", "val/elbo", "val/psnr"];
const LEAST_WIDTH = 340;
const GAP = 16;

/** Curves of chosen terms over runs, a chart each. */
export function Curves({ runs, empty }: { runs: readonly Shown[]; empty: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      width.value = Math.floor(entry!.contentRect.width);
    });
    if (frame.current) watch.observe(frame.current);
    zoom.value = undefined; // that of another page
    return () => watch.disconnect();
  }, []);
  const all = [...new Set(runs.flatMap(({ run }) => run.terms))];
  const terms = all.filter((term) => termChoices.value[term] ?? FIRST.includes(term));
  const columns = useComputed(() =>
    Math.max(1, Math.min(3, Math.floor((width.value + GAP) / (LEAST_WIDTH + GAP)))),
  );
  const inner = Math.floor((width.value - GAP * (columns.value - 1)) / columns.value) - 26;
  const { series, problem, isLoading } = useCurves(
    runs.map(({ run }) => run),
    terms,
    width.value === 0 ? 0 : inner,
  );
  const colours = new Map(runs.map(({ run, colour }) => [run.id, colour]));
  const byTerm = Map.groupBy(
    series.flatMap((one): Curve[] => {
      const colour = colours.get(one.run);
      return colour === undefined ? [] : [{ ...one, colour }];
    }),
    ({ term }) => term,
  );
  return (
    <section aria-label="Curves" class="curves" aria-busy={isLoading}>
      <div class="bar">
        <h2>Curves</h2>
        <Controls terms={all} shown={terms} />
      </div>
      {runs.length > 1 && <Legend runs={runs} />}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {runs.length === 0 && <p class="hint">{empty}</p>}
      {runs.length > 0 && all.length === 0 && <p class="hint">Nothing is logged yet.</p>}
      <div
        class="charts"
        ref={frame}
        style={{ gridTemplateColumns: `repeat(${columns.value}, minmax(0, 1fr))` }}
      >
        {terms.map((term) => (
          <Chart key={term} term={term} curves={byTerm.get(term) ?? []} width={Math.max(0, inner)} />
        ))}
      </div>
    </section>
  );
}
