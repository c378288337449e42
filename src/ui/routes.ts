import { basename } from "node:path";
import { ownVersion } from "../process/own_version.ts";
import { type Answer, json, Refusal } from "./answer.ts";
import type { Axis, RunList, SeriesAnswer } from "./api.ts";
import { detailOf } from "./detail.ts";
import { modelOf } from "./model.ts";
import { pictureOf } from "./pictures.ts";
import type { RunEntry } from "./run_entry.ts";
import type { RunIndex } from "./run_index.ts";
import { SeriesReader } from "./series.ts";

/** What answers an address, by its query. */
export type Route = (query: URLSearchParams) => Promise<Answer>;

/** Curves of more runs, or points, are refused: a page that shows them would be no use. */
const MOST = { runs: 100, terms: 100, points: 20_000 };

/** Every address under `/api/` but the stream of events. */
export function routesOf(index: RunIndex): Readonly<Record<string, Route>> {
  const reader = new SeriesReader();
  const entryOf = async (id: string | null): Promise<RunEntry> => {
    const entry = await index.find(id ?? "");
    if (entry === undefined) throw new Refusal(404, `Expected the id of a run, got ${JSON.stringify(id)}.`);
    return entry;
  };
  return {
    "/api/runs": async () => {
      await index.search();
      await index.refresh();
      return json(await listOf(index));
    },
    "/api/run": async (query) => json(await detailOf(await entryOf(query.get("id")))),
    "/api/picture": async (query) =>
      pictureOf(await entryOf(query.get("run")), query.get("kind"), query.get("name")),
    "/api/model": async (query) => modelOf(await entryOf(query.get("id"))),
    "/api/series": async (query) => {
      const runs = new Set(await Promise.all(atMost(query.getAll("run"), MOST.runs, "runs").map(entryOf)));
      const terms = atMost(query.getAll("term"), MOST.terms, "terms");
      const how = {
        axis: axisOf(query.get("x")),
        points: numberOf(query, "points", { from: 10, to: MOST.points, otherwise: 1000 }),
        smoothing: numberOf(query, "smooth", { from: 0, to: 0.9999, otherwise: 0 }),
        from: numberOf(query, "from", { from: -Infinity, to: Infinity, otherwise: -Infinity }),
        to: numberOf(query, "to", { from: -Infinity, to: Infinity, otherwise: Infinity }),
      };
      const series: SeriesAnswer["series"][number][] = [];
      for (const run of runs) {
        run.isAsked = true;
        series.push(...(await reader.read(run, terms, how))); // one at a time, for memory
      }
      return json({ series } satisfies SeriesAnswer);
    },
  };
}

async function listOf(index: RunIndex): Promise<RunList> {
  const { root, infos } = index;
  const better = await index.better(infos);
  return { folder: basename(root) || root, path: root, version: ownVersion(), runs: infos, better };
}

function atMost<T>(given: T[], most: number, what: string): T[] {
  if (given.length <= most) return given;
  throw new Refusal(400, `Expected at most ${most} ${what}, got ${given.length}.`);
}

function axisOf(given: string | null): Axis {
  if (given === null) return "step";
  if (given === "step" || given === "epoch" || given === "time") return given;
  throw new Refusal(400, `x: expected step, epoch or time, got ${JSON.stringify(given)}.`);
}

function numberOf(
  query: URLSearchParams,
  name: string,
  { from, to, otherwise }: { from: number; to: number; otherwise: number },
): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (text.trim() !== "" && value >= from && value <= to) return value;
  throw new Refusal(400, `${name}: expected a number from ${from} to ${to}, got ${JSON.stringify(text)}.`);
}
