import type { RunDetail, RunList, Series, SeriesAnswer, ServerEvents } from "../src/ui/api.ts";

export type * from "../src/ui/api.ts";

/** @throws Error with what the server says */
async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, { signal: signal ?? null, headers: { Accept: "application/json" } });
  return (await response.json()) as T;
}

/** @throws Error with what the server says */
async function ask(path: string, options?: RequestInit): Promise<Response> {
  const response = await fetch(path, options);
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(error ?? `The server answers ${response.status}.`);
}

/** A run's model, packed. */
export const getModel = async (id: string): Promise<Uint8Array> =>
  new Uint8Array(await (await ask(`api/model?${new URLSearchParams({ id })}`)).arrayBuffer());

export const getRuns = (): Promise<RunList> => get("api/runs");

export const getRun = (id: string, signal?: AbortSignal): Promise<RunDetail> =>
  get(`api/run?${new URLSearchParams({ id })}`, signal);

export interface SeriesQuery {
  readonly runs: readonly string[];
  readonly terms: readonly string[];
  readonly x: string;
  readonly points: number;
  readonly smooth: number;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Runs a request: an address has room for so many names. */
const RUNS = 10;

export async function getSeries(query: SeriesQuery, signal: AbortSignal): Promise<Series[]> {
  const groups: string[][] = [];
  for (let i = 0; i < query.runs.length; i += RUNS) groups.push(query.runs.slice(i, i + RUNS));
  const answers = groups.map((runs) => {
    const search = new URLSearchParams({
      x: query.x,
      points: String(query.points),
      smooth: String(query.smooth),
    });
    for (const run of runs) search.append("run", run);
    for (const term of query.terms) search.append("term", term);
    if (query.from !== undefined) search.set("from", String(query.from));
    if (query.to !== undefined) search.set("to", String(query.to));
    return get<SeriesAnswer>(`api/series?${search}`, signal);
  });
  return (await Promise.all(answers)).flatMap(({ series }) => series);
}

/** Takes events until the page is left; `state` is told whether the stream is there. */
export function listen(
  on: { [Name in keyof ServerEvents]: (data: ServerEvents[Name]) => void },
  state: (live: boolean) => void,
): void {
  const source = new EventSource("api/events");
  source.onopen = () => state(true);
  source.onerror = () => state(false); // it connects again by itself
  for (const name of Object.keys(on) as (keyof ServerEvents)[])
    source.addEventListener(name, (event) => on[name](JSON.parse((event as MessageEvent<string>).data)));
}
