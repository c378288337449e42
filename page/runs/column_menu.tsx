import { useSignal } from "@preact/signals";
import { Menu } from "../parts/menu.tsx";
import type { Column } from "./columns.ts";

/** Which columns the table has. */
export function ColumnMenu(props: {
  columns: readonly Column[];
  shown: ReadonlySet<string>;
  onChange: (id: string, on: boolean) => void;
  onReset: () => void;
}) {
  const typed = useSignal("");
  const fitting = props.columns.filter(({ full }) => full.toLowerCase().includes(typed.value.toLowerCase()));
  const groups = Map.groupBy(fitting, ({ group }) => group);
  return (
    <Menu label="Columns">
      <input
        type="search"
        aria-label="Find a column"
        placeholder="Find a column"
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      <div class="options">
        {[...groups].map(([group, columns]) => (
          <fieldset key={group}>
            <legend>{group}</legend>
            {columns.map(({ id, full }) => (
              <label key={id}>
                <input
                  type="checkbox"
                  checked={props.shown.has(id)}
                  onChange={(event) => props.onChange(id, event.currentTarget.checked)}
                />
                {full}
              </label>
            ))}
          </fieldset>
        ))}
        {fitting.length === 0 && <p class="hint">None is called so.</p>}
      </div>
      <button type="button" class="quiet" onClick={props.onReset}>
        As at first
      </button>
    </Menu>
  );
}
