import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { onePicture, type Pixels } from "../../src/browser/pixels.ts";
import { Choice } from "../parts/choice.tsx";
import type { Exploration } from "./exploration.ts";
import { Picture } from "./picture.tsx";

const COUNT = 12;

/** What the prior or a fitted sampler draws, of the labels chosen; a click goes there. */
export function Samples({ at }: { at: Exploration }) {
  const seed = useSignal(at.card.seed);
  const temperature = useSignal(1);
  const sampler = useSignal(at.card.samplers[0]?.name ?? "prior"); // fitted ones draw better
  const drawn = useSignal<Pixels | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const { samplers } = at.card;
  useEffect(() => {
    let left = false;
    const options = {
      seed: seed.value,
      temperature: sampler.value === "prior" ? temperature.value : 1,
      ...(sampler.value !== "prior" && { sampler: sampler.value }),
      ...(at.condition.value && { labels: conditionsOf(at, at.condition.value) }),
    };
    at.engine.sample(COUNT, options).then(
      (pixels) => {
        if (left) return;
        drawn.value = pixels;
        problem.value = undefined;
      },
      (error: Error) => {
        problem.value = error.message;
      },
    );
    return () => {
      left = true;
    };
  }, [seed.value, temperature.value, sampler.value, at.condition.value]);
  return (
    <section class="samples" aria-label="Samples">
      <div class="bar">
        <h2>Samples</h2>
        {samplers.length > 0 && (
          <Choice
            label="What draws z"
            options={[["prior", "prior"], ...samplers.map(({ name }) => [name, name] as const)]}
            value={sampler.value}
            onChange={(name) => {
              sampler.value = name;
            }}
          />
        )}
        <button
          type="button"
          onClick={() => {
            seed.value++;
          }}
        >
          Draw others
        </button>
        {sampler.value === "prior" && (
          <label class="temperature">
            Temperature
            <input
              type="range"
              min="0.1"
              max="1.5"
              step="0.05"
              value={temperature}
              onInput={(event) => {
                temperature.value = Number(event.currentTarget.value);
              }}
            />
            <output>{temperature.value.toFixed(2)}</output>
          </label>
        )}
        <span class="hint">seed {seed}</span>
      </div>
      {problem.value !== undefined && <p class="hint">{problem}</p>}
      <ul class="strip">
        {Array.from({ length: drawn.value?.count ?? 0 }, (_, n) => (
          <li key={n}>
            <button
              type="button"
              aria-label={`Go to sample ${n + 1}`}
              onClick={() => void goTo(at, drawn.value!, n)}
            >
              <Picture pixels={drawn.value} index={n} label="" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The labels that the model is conditioned on, by column. */
const conditionsOf = ({ card }: Exploration, labels: Float32Array) =>
  new Map(card.conditions!.map((column) => [column, labels[column]!]));

/** Where the model sees a picture that it has drawn. */
async function goTo(at: Exploration, all: Pixels, index: number): Promise<void> {
  at.z.value = await at.engine.encode(onePicture(all, index), at.condition.value);
}
