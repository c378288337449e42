import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { getRun, type RunDetail, type RunInfo } from "../api.ts";
import { Curves } from "../curves/curves.tsx";
import { ago, shortNumber } from "../format.ts";
import { FactList } from "../parts/fact_list.tsx";
import { Status } from "../parts/status.tsx";
import { exploreAddress } from "../router.ts";
import { runs } from "../store.ts";
import { Commands } from "./commands.tsx";
import { Config } from "./config.tsx";
import { Facts } from "./facts.tsx";
import { Pictures } from "./pictures.tsx";

/** One run: how it stands, its curves, pictures, config and machine. */
export function RunPage({ id }: { id: string }) {
  const run = runs.value?.get(id);
  const detail = useDetail(id, run);
  if (runs.value === undefined) return <p class="hint page">Looking for the run…</p>;
  if (run === undefined)
    return (
      <section class="page empty">
        <h1>No such run</h1>
        <p>
          {id} is not in the folder, or no longer. <a href="#/">All runs</a>
        </p>
      </section>
    );
  return (
    <div class="page">
      <p class="crumbs">
        <a href="#/">Runs</a> /
      </p>
      <div class="bar title">
        <h1>{id}</h1>
        <Status run={run} />
        <span class="space" />
        <a class="button" href={exploreAddress(id)}>
          Explore its latents
        </a>
      </div>
      {run.why !== undefined && <p class={run.status === "failed" ? "problem" : "hint"}>{run.why}</p>}
      <Numbers run={run} />
      <Pictures pictures={detail.value?.pictures ?? []} isLoading={detail.value === undefined} />
      <Curves runs={[{ run, colour: 0 }]} empty="" />
      {detail.value !== undefined && (
        <>
          <Commands commands={detail.value.commands} />
          <Config text={detail.value.config} changes={detail.value.changes} />
          <Facts title="Environment" value={detail.value.environment} />
          <Facts title="Evaluation" value={detail.value.evaluation} />
        </>
      )}
    </div>
  );
}

/** Its details, got again as it goes on. */
function useDetail(id: string, run: RunInfo | undefined) {
  const detail = useSignal<RunDetail | undefined>(undefined);
  // A validation brings pictures, the end of a run other commands.
  const state = run && JSON.stringify([run.status, run.epoch, run.last]);
  useEffect(() => {
    if (state === undefined) return;
    const stop = new AbortController();
    getRun(id, stop.signal).then(
      (found) => {
        detail.value = found;
      },
      () => {}, // gone: the table says so
    );
    return () => stop.abort();
  }, [id, state]);
  return detail;
}

const METRICS = ["objective", "psnr", "elbo", "bits_per_dim", "active_units"];

function Numbers({ run }: { run: RunInfo }) {
  const numbers: (readonly [string, string])[] = [
    ["model", run.model],
    ["data", run.data],
    ["epoch", String(run.epoch)],
    ["step", String(run.step)],
    ["changed", ago(run.changed, Date.now())],
    ...METRICS.flatMap((name): (readonly [string, string])[] => {
      if (Object.hasOwn(run.best, name)) return [[`best ${name}`, shortNumber(run.best[name])]];
      return Object.hasOwn(run.last, name) ? [[`last ${name}`, shortNumber(run.last[name])]] : [];
    }),
  ];
  return <FactList class="numbers" facts={numbers} />;
}
