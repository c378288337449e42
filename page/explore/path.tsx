import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Pixels } from "../../src/browser/pixels.ts";
import type { Exploration } from "./exploration.ts";
import { Picture } from "./picture.tsx";

const STEPS = 9;

/** The way from one place to another, straight or along images of the map, and a slider along it. */
export function Path({ at }: { at: Exploration }) {
  const { way } = at;
  const t = useSignal(0);
  const strip = useSignal<Pixels | undefined>(undefined);
  useEffect(() => {
    let left = false;
    const places = new Float32Array(STEPS * at.dims);
    for (let n = 0; n < STEPS; n++) places.set(along(way.value, n / (STEPS - 1)), n * at.dims);
    const labels = at.condition.value;
    const all =
      labels && Float32Array.from({ length: STEPS * labels.length }, (_, i) => labels[i % labels.length]!);
    void at.engine.decode(places, all).then((pixels) => {
      if (!left) strip.value = pixels;
    });
    return () => {
      left = true;
    };
  }, [way.value, at.condition.value]);
  const goTo = (value: number) => {
    t.value = value;
    at.z.value = along(way.value, value);
  };
  return (
    <section class="path" aria-label="Interpolation">
      <div class="bar">
        <h2>From one to another</h2>
        <button
          type="button"
          onClick={() => {
            way.value = [at.z.value.slice(), way.value.at(-1)!];
            t.value = 0;
          }}
        >
          Start here
        </button>
        <button
          type="button"
          onClick={() => {
            way.value = [way.value[0]!, at.z.value.slice()];
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

/** The place at a share of a way, from 0 to 1; each stretch between two of its places is as long as any other. */
function along(way: readonly Float32Array[], share: number): Float32Array {
  const stretch = Math.min(way.length - 2, Math.floor(share * (way.length - 1)));
  const t = share * (way.length - 1) - stretch;
  const to = way[stretch + 1]!;
  return way[stretch]!.map((a, i) => (1 - t) * a + t * to[i]!);
}
