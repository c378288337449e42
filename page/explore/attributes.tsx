import { useSignal } from "@preact/signals";
import { meanDifference } from "../../src/explore/mean_difference.ts";
import type { Exploration } from "./exploration.ts";

/** From the mean of all images to the mean of those with a value of a label: pressed once, a half of the way. */
const STEP = 0.5;

/** Moves along what distinguishes the images of one value of a label from all others. */
export function Attributes({ at }: { at: Exploration }) {
  const { labels = [], conditions = [] } = at.card;
  const columns = labels.flatMap((label, column) =>
    label.values !== undefined && !conditions.includes(column)
      ? [{ ...label, values: label.values, column }]
      : [],
  );
  const column = useSignal(columns[0]?.column ?? 0);
  const value = useSignal(0);
  const chosen = columns.find((c) => c.column === column.value);
  if (chosen === undefined || at.card.dimensions === undefined) return null;
  const move = (by: number) => {
    const direction = directionTo(at, chosen.column, value.value);
    at.goToNumbers(at.z.value.map((z, i) => z + by * direction[i]!));
  };
  return (
    <section class="attributes" aria-label="Attributes">
      <div class="bar">
        <h2>More of</h2>
        <select
          aria-label="Label"
          value={column}
          onChange={(event) => {
            column.value = Number(event.currentTarget.value);
            value.value = 0;
          }}
        >
          {columns.map((c) => (
            <option key={c.column} value={c.column}>
              {c.name}
            </option>
          ))}
        </select>
        <select
          aria-label="Value"
          value={value}
          onChange={(event) => {
            value.value = Number(event.currentTarget.value);
          }}
        >
          {Array.from({ length: chosen.values }, (_, k) => (
            <option key={k} value={k}>
              {chosen.valueNames?.[k] ?? k}
            </option>
          ))}
        </select>
        <button type="button" onClick={() => move(STEP)}>
          More
        </button>
        <button type="button" onClick={() => move(-STEP)}>
          Less
        </button>
      </div>
    </section>
  );
}

/** The mean of the places with that value less the mean of all others, [D]; no way where there are none of either. */
function directionTo(
  { opened, card, count, dims }: Exploration,
  column: number,
  value: number,
): Float32Array {
  const width = card.labels!.length;
  const has = (image: number) => opened.labels![image * width + column] === value;
  const { direction, having, lacking } = meanDifference(opened.places, count, has);
  return having === 0 || lacking === 0 ? new Float32Array(dims) : direction;
}
