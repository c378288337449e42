import { computed, useComputed, useSignal } from "@preact/signals";
import { Curves } from "../curves/curves.tsx";
import { kept } from "../kept.ts";
import { problem, runList, runs } from "../store.ts";
import { ColumnMenu } from "./column_menu.tsx";
import { columnsOf, firstColumns } from "./columns.ts";
import { fits } from "./filter.ts";
import { selectedRuns } from "./selection.ts";
import { type Order, RunTable } from "./table.tsx";

/** Columns that were put in or taken out, against those shown at first. */
const choices = kept<Readonly<Record<string, boolean>>>("columns", {});
const order = kept<Order>("order", { column: "changed", direction: -1 });
const columns = computed(() => columnsOf(runList.value));
const shownIds = computed(() => {
  const first = runList.value.length === 0 ? [] : firstColumns(columns.value, runList.value);
  return new Set(columns.value.map(({ id }) => id).filter((id) => choices.value[id] ?? first.includes(id)));
});

/** All runs, and the curves of those selected. */
export function RunsPage() {
  const typed = useSignal("");
  const shown = useComputed(() => runList.value.filter((run) => fits(run, typed.value)));
  if (runs.value === undefined)
    return <p class="hint page">{problem.value === undefined ? "Looking for runs…" : ""}</p>;
  if (runs.value.size === 0) return <NoRuns />;
  const count = runs.value.size;
  return (
    <div class="page">
      <section aria-label="Runs">
        <div class="bar">
          <h1>
            {shown.value.length === count ? count : `${shown.value.length} of ${count}`}{" "}
            {count === 1 ? "run" : "runs"}
          </h1>
          <input
            type="search"
            class="filter"
            aria-label="Filter runs"
            placeholder="Filter: a word, LR>0.001, state=running"
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
          <ColumnMenu
            columns={columns.value}
            shown={shownIds.value}
            onChange={(id, on) => (choices.value = { ...choices.value, [id]: on })}
            onReset={() => (choices.value = {})}
          />
        </div>
        {shown.value.length === 0 ? (
          <p class="hint">No run fits the filter.</p>
        ) : (
          <RunTable
            runs={shown.value}
            columns={columns.value.filter(({ id }) => shownIds.value.has(id))}
            order={order.value}
            onOrder={(value) => (order.value = value)}
          />
        )}
      </section>
      <Curves runs={selectedRuns.value} empty="Tick runs in the table to see their curves." />
    </div>
  );
}

const NoRuns = () => (
  <section class="page empty">
    <h1>No runs yet</h1>
    <p>They appear here as soon as one is started:</p>
    <pre>vae run --config configs/dfcvae.yaml</pre>
  </section>
);
