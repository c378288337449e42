import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { getSeries, type RunInfo, type Series } from "../api.ts";
import { axis, smoothing, zoom } from "./options.ts";

/** Points of all curves of a term together, about. */
const POINTS = 24_000;
/** So long it is waited for a slider to rest. */
const PAUSE_MS = 100;
/** Curves that grow are drawn anew so often. */
const GROWS_MS = 1000;

export interface Loaded {
  readonly series: readonly Series[];
  /** What went wrong; the curves are then those of before. */
  readonly problem: string | undefined;
  /** Whether other ones are on their way. */
  readonly isLoading: boolean;
}

interface Got extends Omit<Loaded, "isLoading"> {
  /** What they are the answer to. */
  readonly to: string;
}

/** The curves of `terms` of `runs`, and later ones as these, the axis, the smoothing and the zoom change. */
export function useCurves(runs: readonly RunInfo[], terms: readonly string[], width: number): Loaded {
  const loaded = useSignal<Got>({ series: [], problem: undefined, to: "" });
  const last = useRef({ what: "", at: Number.NEGATIVE_INFINITY, stop: new AbortController() });
  const ids = runs.map(({ id }) => id);
  const what = JSON.stringify([ids, terms, axis.value, smoothing.value, zoom.value, width > 0]);
  const grown = runs.map(({ step, changed }) => `${step} ${changed}`).join();
  useEffect(() => {
    if (width === 0) return;
    const isSame = last.current.what === what;
    if (!isSame) last.current.stop.abort(); // what grows is waited for
    if (ids.length === 0 || terms.length === 0) {
      loaded.value = { series: [], problem: undefined, to: what };
      return;
    }
    const get = () => {
      const stop = new AbortController();
      last.current = { what, at: performance.now(), stop };
      const points = Math.round(Math.max(100, Math.min(2 * width, POINTS / ids.length)));
      const query = { runs: ids, terms, x: axis.peek(), points, smooth: smoothing.peek(), ...zoom.peek() };
      getSeries(query, stop.signal).then(
        (series) => {
          loaded.value = { series, problem: undefined, to: what };
        },
        ({ message }: Error) => {
          if (stop.signal.aborted) return;
          loaded.value = { ...loaded.peek(), problem: message, to: what };
        },
      );
    };
    const isFirst = last.current.what === "";
    const growsAt = last.current.at + GROWS_MS - performance.now();
    const timer = setTimeout(get, isSame ? Math.max(0, growsAt) : isFirst ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [what, grown]);
  const { series, problem, to } = loaded.value;
  return { series, problem, isLoading: to !== what };
}
