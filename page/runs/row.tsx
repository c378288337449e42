import type { RunInfo } from "../api.ts";
import { colourOf } from "../curves/colours.ts";
import { ago, shortNumber } from "../format.ts";
import { Status } from "../parts/status.tsx";
import { runAddress } from "../router.ts";
import type { Column } from "./columns.ts";
import { select } from "./selection.ts";

interface RowProps {
  run: RunInfo;
  columns: readonly Column[];
  /** By column id. */
  best: ReadonlyMap<string, number>;
  now: number;
  colour: number | undefined;
}

/** A run in the table. */
export function Row({ run, columns, best, now, colour }: RowProps) {
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
  if (id === "changed")
    return <time dateTime={new Date(run.changed).toISOString()}>{ago(run.changed, now)}</time>;
  const found = value(run);
  if (found === null || typeof found === "number") return shortNumber(found);
  return found === undefined ? <span class="none">–</span> : String(found);
}
