import type { Signal } from "@preact/signals";
import { Choice } from "../parts/choice.tsx";
import { Menu } from "../parts/menu.tsx";
import { axis, cutsOutliers, isLog, smoothing, termChoices, zoom } from "./options.ts";

/** What is drawn, and how. */
export function Controls({ terms, shown }: { terms: readonly string[]; shown: readonly string[] }) {
  const groups = Map.groupBy(terms, (term) => (term.startsWith("val/") ? "validation" : "training"));
  return (
    <>
      <label class="slider">
        Smoothing
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={smoothing.value}
          onInput={(event) => (smoothing.value = Number(event.currentTarget.value))}
        />
        <output>{smoothing.value.toFixed(2)}</output>
      </label>
      <Choice
        label="Horizontal axis"
        options={[
          ["step", "Step"],
          ["epoch", "Epoch"],
          ["time", "Time"],
        ]}
        value={axis.value}
        onChange={(value) => {
          axis.value = value;
          zoom.value = undefined;
        }}
      />
      <Check label="Log scale" signal={isLog} />
      <Check
        label="Cut outliers"
        title="The scale leaves out the highest and lowest 1 % of the values"
        signal={cutsOutliers}
      />
      {zoom.value !== undefined && (
        <button type="button" onClick={() => (zoom.value = undefined)}>
          Show all of it
        </button>
      )}
      <Menu label="Terms">
        <div class="options">
          {[...groups].map(([group, names]) => (
            <fieldset key={group}>
              <legend>{group}</legend>
              {names.map((term) => (
                <label key={term}>
                  <input
                    type="checkbox"
                    checked={shown.includes(term)}
                    onChange={(event) =>
                      (termChoices.value = { ...termChoices.value, [term]: event.currentTarget.checked })
                    }
                  />
                  {term}
                </label>
              ))}
            </fieldset>
          ))}
        </div>
        <button type="button" class="quiet" onClick={() => (termChoices.value = {})}>
          As at first
        </button>
      </Menu>
    </>
  );
}

function Check(props: { label: string; title?: string; signal: Signal<boolean> }) {
  const { label, title, signal } = props;
  return (
    <label class="check" title={title}>
      <input
        type="checkbox"
        checked={signal.value}
        onChange={(event) => (signal.value = event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}
