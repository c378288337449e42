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

/** The curves of runs drawn in one way, each as the run was when they were got. */
class Store {
  readonly stop = new AbortController();
  readonly byRun = new Map<string, { readonly mark: string; readonly series: readonly Series[] }>();
  /** When some were asked for last. */
  at = Number.NEGATIVE_INFINITY;
  /** Done when they are there. */
  busy: Promise<void> = Promise.resolve();

  constructor(readonly how: string) {}

  /** Those of `runs` whose curves are missing, or are of before. */
  missing(runs: readonly RunInfo[]): readonly RunInfo[] {
    return runs.filter((run) => this.byRun.get(run.id)?.mark !== markOf(run));
  }

  take(runs: readonly RunInfo[], series: readonly Series[]): void {
    for (const run of runs)
      this.byRun.set(run.id, { mark: markOf(run), series: series.filter((one) => one.run === run.id) });
  }
}

/** Changes as the run's curves do. */
const markOf = ({ step, changed, terms }: RunInfo): string => `${step} ${changed} ${terms.length}`;

/**
 * The curves of `terms` of `runs`, and later ones as these, the axis, the smoothing and the zoom change. Only what is
 * missing is asked for.
 */
export function useCurves(runs: readonly RunInfo[], terms: readonly string[], width: number): Loaded {
  const shown = useSignal<Omit<Loaded, "isLoading">>({ series: [], problem: undefined });
  const store = useRef(new Store(""));
  const latest = useRef(runs);
  latest.current = runs;
  const points = Math.round(Math.max(100, Math.min(2 * width, POINTS / Math.max(1, runs.length))));
  const options = { terms, x: axis.value, points, smooth: smoothing.value, ...zoom.value };
  const how = JSON.stringify(options);
  const marks = JSON.stringify(runs.map((run) => [run.id, markOf(run)]));
  const isLoading = useSignal(true);
  useEffect(() => {
    if (width === 0) return;
    const isFirst = store.current.how === "";
    const isOther = store.current.how !== how;
    if (isOther) {
      store.current.stop.abort();
      store.current = new Store(how);
    }
    const at = store.current;
    const show = (problem?: string) => {
      if (at !== store.current) return;
      const series = latest.current.flatMap(({ id }) => at.byRun.get(id)?.series ?? []);
      shown.value = { series: problem === undefined ? series : shown.peek().series, problem };
      isLoading.value = false;
    };
    if (terms.length === 0 || at.missing(runs).length === 0) return show();
    const isNew = runs.some(({ id }) => !at.byRun.has(id));
    isLoading.value = isNew;
    const get = async () => {
      await at.busy;
      const missing = at.missing(runs);
      const query = { ...options, runs: missing.map(({ id }) => id) };
      at.at = performance.now();
      at.busy = getSeries(query, at.stop.signal).then(
        (series) => {
          at.take(missing, series);
          show();
        },
        ({ message }: Error) => void (at.stop.signal.aborted || show(message)),
      );
    };
    const growsAt = Math.max(0, at.at + GROWS_MS - performance.now());
    const timer = setTimeout(get, isFirst ? 0 : isOther ? PAUSE_MS : isNew ? 0 : growsAt);
    return () => clearTimeout(timer);
  }, [how, marks, width === 0]);
  return { ...shown.value, isLoading: isLoading.value };
}
