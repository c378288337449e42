import { computed, effect, signal } from "@preact/signals";
import type { RunInfo } from "../api.ts";
import { runList, runs } from "../store.ts";

/** Curves of more runs can't be told apart. */
export const MOST_SELECTED = 40;
const FIRST = 5;

/** Ids of the runs whose curves are shown, each with the number of its colour. */
export const selected = signal<ReadonlyMap<string, number>>(new Map());
let isChosen = false;

export const selectedRuns = computed(() =>
  [...selected.value].flatMap(([id, colour]) => {
    const run = runs.value?.get(id);
    return run === undefined ? [] : [{ run, colour }];
  }),
);

export function select(ids: readonly string[], on: boolean): void {
  isChosen = true;
  const next = new Map(selected.value);
  for (const id of ids) {
    if (!on) next.delete(id);
    else if (!next.has(id) && next.size < MOST_SELECTED) next.set(id, freeColour(next));
  }
  selected.value = next;
}

/** So that a run keeps its colour while others come and go. */
function freeColour(taken: ReadonlyMap<string, number>): number {
  const used = new Set(taken.values());
  let colour = 0;
  while (used.has(colour)) colour++;
  return colour;
}

// Before any is chosen: the newest, those that are being trained first.
effect(() => {
  const all = runList.value;
  if (isChosen || all.length === 0 || selected.peek().size > 0) return;
  const rank = ({ status, changed }: RunInfo) => (status === "running" ? 1e15 : 0) + changed;
  const newest = [...all].sort((a, b) => rank(b) - rank(a)).slice(0, FIRST);
  select(
    newest.map(({ id }) => id),
    true,
  );
  isChosen = false;
});
