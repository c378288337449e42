import { batch, computed, signal } from "@preact/signals";
import { getRuns, listen, type RunInfo, type RunList, type ServerEvents } from "./api.ts";

/** All runs by id, in the server's order; undefined until they are known. */
export const runs = signal<ReadonlyMap<string, RunInfo> | undefined>(undefined);
/** Which way is better, by name of a validation metric. */
export const better = signal<RunList["better"]>({});
export const about = signal<Pick<RunList, "folder" | "path" | "version"> | undefined>(undefined);
/** Whether changes come as they happen. */
export const live = signal(false);
/** What went wrong, for people. */
export const problem = signal<string | undefined>(undefined);
/** The last change of a run's state, said to screen readers. */
export const announcement = signal("");

export const runList = computed(() => [...(runs.value?.values() ?? [])]);

/** Gets all runs, and has them change as they do on disk. */
export function followRuns(): void {
  listen(
    {
      changed: (change) => {
        if (runs.value === undefined) early.push(change);
        else takeIn(change);
      },
      removed: ({ ids }) => {
        const left = new Map(runs.value);
        for (const id of ids) left.delete(id);
        runs.value = left;
      },
    },
    (now) => {
      if (now && !live.value) void getAll(); // what was missed meanwhile
      live.value = now;
    },
  );
  void getAll();
}

/** Changes that came before the list of all runs. */
const early: ServerEvents["changed"][] = [];

function takeIn({ runs: changed, better: directions }: ServerEvents["changed"]): void {
  batch(() => {
    better.value = { ...better.value, ...directions };
    announce(changed);
    runs.value = new Map([...(runs.value ?? []), ...changed.map((run) => [run.id, run] as const)]);
  });
}

async function getAll(): Promise<void> {
  try {
    const list = await getRuns();
    batch(() => {
      about.value = { folder: list.folder, path: list.path, version: list.version };
      better.value = list.better;
      runs.value = new Map(list.runs.map((run) => [run.id, run]));
      problem.value = undefined;
      for (const change of early.splice(0)) takeIn(change);
    });
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

function announce(changed: readonly RunInfo[]): void {
  if (runs.value === undefined) return;
  const told = changed.flatMap(({ id, status }) => {
    const before = runs.value!.get(id)?.status;
    return before === status ? [] : [before === undefined ? `new run ${id}: ${status}` : `${id}: ${status}`];
  });
  if (told.length > 0) announcement.value = told.slice(0, 3).join(", ");
}
