import { useSignal } from "@preact/signals";
import type { RunInfo } from "../api.ts";
import { better } from "../store.ts";
import { type Column, sorted } from "./columns.ts";
import { Row } from "./row.tsx";
import { MOST_SELECTED, select, selected } from "./selection.ts";

/** Rows that are made at once; the rest on demand. */
const FIRST_ROWS = 200;

export interface Order {
  readonly column: string;
  readonly direction: 1 | -1;
}

/** The runs, a row each; `order` is kept by whoever shows it. */
export function RunTable(props: {
  runs: readonly RunInfo[];
  columns: readonly Column[];
  order: Order;
  onOrder: (order: Order) => void;
}) {
  const { runs, columns, order, onOrder } = props;
  const all = useSignal(false);
  const column = columns.find(({ id }) => id === order.column);
  const inOrder = sorted(runs, column, order.direction);
  const shown = all.value ? inOrder : inOrder.slice(0, FIRST_ROWS);
  const chosen = shown.filter(({ id }) => selected.value.has(id)).length;
  const isAll = chosen > 0 && (chosen === shown.length || selected.value.size >= MOST_SELECTED);
  const now = Date.now();
  const best = bestValues(columns, runs);
  const head = (id: string, title: string, full: string, first: 1 | -1) => {
    const is = order.column === id;
    const sort = is ? (order.direction === 1 ? "ascending" : "descending") : "none";
    return (
      <th
        key={id}
        scope="col"
        aria-sort={sort}
        class={columns.find((c) => c.id === id)?.isNumber ? "number" : ""}
      >
        <button
          type="button"
          title={full}
          onClick={() => onOrder({ column: id, direction: is ? (-order.direction as 1 | -1) : first })}
        >
          {title}
          <span aria-hidden="true" class="arrow">
            {is ? (order.direction === 1 ? "↑" : "↓") : ""}
          </span>
        </button>
      </th>
    );
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
      <section class="table-frame" aria-label="Table of runs" tabIndex={0}>
        <table class="runs">
          <thead>
            <tr>
              <th scope="col" class="check">
                <input
                  type="checkbox"
                  aria-label={`Show curves of all runs here, ${MOST_SELECTED} at most`}
                  checked={isAll}
                  ref={(box) => {
                    if (box) box.indeterminate = chosen > 0 && !isAll;
                  }}
                  onChange={() =>
                    select(
                      shown.map(({ id }) => id),
                      !isAll,
                    )
                  }
                />
              </th>
              {head("run", "run", "path of the run", 1)}
              {columns.map((c) => head(c.id, c.title, c.full, firstDirection(c)))}
            </tr>
          </thead>
          <tbody>
            {shown.map((run) => (
              <Row key={run.id} {...{ run, columns, best, now, colour: selected.value.get(run.id) }} />
            ))}
          </tbody>
        </table>
      </section>
      {shown.length < inOrder.length && (
        <button type="button" class="more" onClick={() => (all.value = true)}>
          Show all {inOrder.length} runs
        </button>
      )}
    </>
  );
}

const isMetric = ({ group }: Column) => group === "best of the validations" || group === "last validation";
const directionOf = ({ id }: Column) => better.value[id.slice(5)] ?? 0;

/** The first click brings the best, or the newest, to the top. */
const firstDirection = (column: Column): 1 | -1 =>
  (isMetric(column) && directionOf(column) === 1) || column.id === "changed" ? -1 : 1;

/** Whether it is of the loss, which is another one in each model. */
const isOfLoss = ({ id }: Column, runs: readonly RunInfo[]) => {
  const name = id.slice(5);
  if (name === "objective" || name === "total") return true;
  return name !== "mse" && runs.some(({ terms }) => terms.includes(`train/${name}`));
};

/** The best value of each metric, where there are several to compare. */
function bestValues(columns: readonly Column[], runs: readonly RunInfo[]): Map<string, number> {
  const found = new Map<string, number>();
  const areAlike = new Set(runs.map(({ model }) => model)).size === 1;
  for (const column of columns) {
    if (!areAlike && isOfLoss(column, runs)) continue;
    const direction = isMetric(column) ? directionOf(column) : 0;
    const values = runs.map(column.value).filter((v) => typeof v === "number");
    if (direction === 0 || new Set(values).size < 2) continue;
    found.set(
      column.id,
      values.reduce((a, b) => (direction * b > direction * a ? b : a)),
    );
  }
  return found;
}
