import { useSignal } from "@preact/signals";
import type { RunInfo } from "../api.ts";
import { colourOf } from "../curves/colours.ts";
import { ago, shortNumber } from "../format.ts";
import { Status } from "../parts/status.tsx";
import { runAddress } from "../router.ts";
import { better } from "../store.ts";
import { type Column, sorted } from "./columns.ts";
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
  const now = Date.now();
  const best = bestValues(columns, runs);
  const head = (id: string, title: string, full: string, first: 1 | -1) => {
    const is = order.column === id;
    const sort = is ? (order.direction === 1 ? "ascending" : "descending") : "none";
    return (
      <th key={id} scope="col" aria-sort={sort} class={columns.find((c) => c.id === id)?.isNumber ? "number" : ""}>
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
      <div class="table-frame" role="region" aria-label="Table of runs" tabIndex={0}>
        <table class="runs">
          <thead>
            <tr>
              <th scope="col" class="check">
                <input
                  type="checkbox"
                  aria-label={`Show curves of all runs here, ${MOST_SELECTED} at most`}
                  checked={chosen > 0 && chosen === Math.min(shown.length, MOST_SELECTED)}
                  ref={(box) => {
                    if (box) box.indeterminate = chosen > 0 && chosen < shown.length;
                  }}
                  onChange={(event) =>
                    select(
                      shown.map(({ id }) => id),
                      event.currentTarget.checked && chosen === 0,
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
      </div>
      {shown.length < inOrder.length && (
        <button type="button" class="more" onClick={() => (all.value = true)}>
          Show all {inOrder.length} runs
        </button>
      )}
    </>
  );
}

interface RowProps {
  run: RunInfo;
  columns: readonly Column[];
  /** By column id. */
  best: ReadonlyMap<string, number>;
  now: number;
  colour: number | undefined;
}

function Row({ run, columns, best, now, colour }: RowProps) {
  return (
    <tr class={colour === undefined ? "" : "selected"}>
      <td class="check">
        <input
          type="checkbox"
          aria-label={`Show curves of ${run.id}`}
          checked={colour !== undefined}
          style={colour === undefined ? {} : { accentColor: colourOf(colour) }}
          onChange={(event) => select([run.id], event.currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <a href={runAddress(run.id)} title={run.id}>
          {run.id}
        </a>
      </th>
      {columns.map((column) => {
        const value = column.value(run);
        const isBest = value !== undefined && best.get(column.id) === value;
        const classes = [column.isNumber ? "number" : "", isBest ? "best" : ""].join(" ").trim();
        return (
          <td key={column.id} class={classes} title={isBest ? "the best of these runs" : undefined}>
            {cell(run, column, now)}
          </td>
        );
      })}
    </tr>
  );
}

function cell(run: RunInfo, { id, value }: Column, now: number) {
  if (id === "status") return <Status run={run} />;
  if (id === "changed") return <time dateTime={new Date(run.changed).toISOString()}>{ago(run.changed, now)}</time>;
  const found = value(run);
  if (found === null || typeof found === "number") return shortNumber(found);
  return found === undefined ? <span class="none">–</span> : String(found);
}

const isMetric = ({ group }: Column) => group === "best of the validations" || group === "last validation";
const directionOf = ({ id }: Column) => better.value[id.slice(5)] ?? 0;

/** The first click brings the best, or the newest, to the top. */
const firstDirection = (column: Column): 1 | -1 =>
  (isMetric(column) && directionOf(column) === 1) || column.id === "changed" ? -1 : 1;

/** The best value of each metric, where there are several to compare. */
function bestValues(columns: readonly Column[], runs: readonly RunInfo[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const column of columns) {
    const direction = isMetric(column) ? directionOf(column) : 0;
    const values = runs.map(column.value).filter((v) => typeof v === "number");
    if (direction === 0 || new Set(values).size < 2) continue;
    found.set(column.id, values.reduce((a, b) => (direction * b > direction * a ? b : a)));
  }
  return found;
}
