import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Pixels } from "../../src/browser/pixels.ts";
import type { Exploration } from "./exploration.ts";
import { Picture } from "./picture.tsx";

const STEPS = 9;

/** The way from one place to another, straight, and a slider along it. */
export function Path({ at }: { at: Exploration }) {
  const ends = useSignal<readonly [from: Float32Array, to: Float32Array]>([
    at.placeOf(0),
    at.placeOf(Math.min(1, at.count - 1)),
  ]);
  const t = useSignal(0);
  const strip = useSignal<Pixels | undefined>(undefined);
  useEffect(() => {
    let left = false;
    const [from, to] = ends.value;
    const way = new Float32Array(STEPS * at.dims);
    for (let n = 0; n < STEPS; n++) way.set(between(from, to, n / (STEPS - 1)), n * at.dims);
    const labels = at.condition.value;
    const all =
      labels && Float32Array.from({ length: STEPS * labels.length }, (_, i) => labels[i % labels.length]!);
    void at.engine.decode(way, all).then((pixels) => {
      if (!left) strip.value = pixels;
    });
    return () => {
      left = true;
    };
  }, [ends.value, at.condition.value]);
  const goTo = (value: number) => {
    t.value = value;
    at.z.value = between(...ends.value, value);
  };
  return (
    <section class="path" aria-label="Interpolation">
      <div class="bar">
        <h2>From one to another</h2>
        <button
          type="button"
          onClick={() => {
            ends.value = [at.z.value.slice(), ends.value[1]];
            t.value = 0;
          }}
        >
          Start here
        </button>
        <button
          type="button"
          onClick={() => {
            ends.value = [ends.value[0], at.z.value.slice()];
            t.value = 1;
          }}
        >
          End here
        </button>
      </div>
      <ul class="strip">
        {Array.from({ length: strip.value?.count ?? 0 }, (_, n) => (
          <li key={n}>
            <button
              type="button"
              aria-label={`Go to step ${n + 1} of ${STEPS}`}
              onClick={() => goTo(n / (STEPS - 1))}
            >
              <Picture pixels={strip.value} index={n} label="" />
            </button>
          </li>
        ))}
      </ul>
      <input
        type="range"
        aria-label="Place on the way"
        min="0"
        max="1"
        step="0.005"
        value={t}
        onInput={(event) => goTo(Number(event.currentTarget.value))}
      />
    </section>
  );
}

function between(from: Float32Array, to: Float32Array, t: number): Float32Array {
  return from.map((a, i) => (1 - t) * a + t * to[i]!);
}
