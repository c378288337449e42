import { useComputed, useSignal } from "@preact/signals";
import type { Dimension } from "../../src/explore/dimensions.ts";
import { Choice } from "../parts/choice.tsx";
import type { Exploration } from "./exploration.ts";

/** Sliders shown at first. */
const FIRST = 12;

/** A slider a dimension, the most active first; of a categorical variable its values. */
export function Sliders({ at }: { at: Exploration }) {
  const all = useSignal(false);
  const { dimensions = [] } = at.card;
  const shown = all.value ? dimensions : dimensions.slice(0, FIRST);
  if (dimensions.length === 0) return null;
  return (
    <section class="dimensions" aria-label="Dimensions of z">
      <h2>Dimensions</h2>
      <p class="hint">The most active first, with their KL to the prior in nats.</p>
      {shown.map((dimension) => (
        <Slider key={dimension.index} at={at} dimension={dimension} />
      ))}
      {dimensions.length > FIRST && (
        <button
          type="button"
          class="quiet more"
          onClick={() => {
            all.value = !all.value;
          }}
        >
          {all.value ? "Fewer" : `All ${dimensions.length}`}
        </button>
      )}
    </section>
  );
}

function Slider({ at, dimension }: { at: Exploration; dimension: Dimension }) {
  const { index, name, values, kl, deviation } = dimension;
  const value = useComputed(() =>
    values === undefined
      ? at.z.value[index]!
      : at.z.value
          .subarray(index, index + values)
          .reduce((best, v, k, own) => (v > own[best]! ? k : best), 0),
  );
  const told = kl === undefined ? `sd ${deviation.toFixed(2)}` : `${kl.toFixed(2)}`;
  if (values !== undefined)
    return (
      <div class="dimension">
        <span class="name">{name}</span>
        <Choice
          label={name}
          options={Array.from({ length: values }, (_, k) => [String(k), String(k)] as const)}
          value={String(value.value)}
          onChange={(k) => at.set(dimension, Number(k))}
        />
        <span class="kl">{told}</span>
      </div>
    );
  const [low, high] = at.card.latentRange;
  const reach = Math.max(high, Math.ceil(3 * deviation)); // of posteriors that reach beyond the prior
  const bottom = low < 0 ? Math.min(low, -reach) : low;
  return (
    <label class="dimension">
      <span class="name">{name}</span>
      <input
        type="range"
        min={bottom}
        max={reach}
        step="any"
        value={value}
        aria-valuetext={value.value.toFixed(2)}
        onInput={(event) => at.set(dimension, Number(event.currentTarget.value))}
        onKeyDown={(event) => step(event, at, dimension, (reach - bottom) / 60)}
      />
      <output>{value.value.toFixed(2)}</output>
      <span class="kl" title="KL to the prior, nats">
        {told}
      </span>
    </label>
  );
}

/** Arrows move by a sixtieth; a slider without steps of its own would move by a hundredth of one. */
function step(event: KeyboardEvent, at: Exploration, dimension: Dimension, by: number): void {
  const sign = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  if (sign === undefined) return;
  event.preventDefault();
  at.set(dimension, at.z.value[dimension.index]! + sign * by);
}
