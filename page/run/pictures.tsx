import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Picture } from "../api.ts";

/** The pictures of each validation, side by side, with a slider through time. */
export function Pictures({ pictures, isLoading }: { pictures: readonly Picture[]; isLoading: boolean }) {
  const epochs = [...new Set(pictures.map(({ epoch }) => epoch))].sort((a, b) => a - b);
  const kinds = [...new Set(pictures.map(({ kind }) => kind))];
  /** undefined: the newest, also of those to come. */
  const chosen = useSignal<number | undefined>(undefined);
  const index = Math.max(0, chosen.value === undefined ? epochs.length - 1 : epochs.indexOf(chosen.value));
  const epoch = epochs[index];
  useEffect(() => {
    // The slider shows them at once.
    for (const { url, epoch: of } of pictures)
      if (Math.abs(epochs.indexOf(of) - index) <= 2) new Image().src = url;
  }, [index, pictures]);
  if (epoch === undefined)
    return isLoading ? null : <p class="hint">Pictures come with the first validation.</p>;
  const go = (to: number) => {
    chosen.value = to >= epochs.length - 1 ? undefined : epochs[Math.max(0, to)];
  };
  return (
    <section aria-label="Pictures">
      <div class="bar">
        <h2>Pictures</h2>
        <label class="slider wide">
          Epoch
          <input
            type="range"
            min="0"
            max={epochs.length - 1}
            step="1"
            value={index}
            disabled={epochs.length < 2}
            aria-valuetext={`epoch ${epoch}`}
            onInput={(event) => go(Number(event.currentTarget.value))}
          />
          <output>
            {epoch} of {epochs.at(-1)}
          </output>
        </label>
        <button
          type="button"
          onClick={() => go(index - 1)}
          disabled={index === 0}
          aria-label="The validation before"
        >
          ←
        </button>
        <button
          type="button"
          onClick={() => go(index + 1)}
          disabled={index === epochs.length - 1}
          aria-label="The validation after"
        >
          →
        </button>
      </div>
      <div class="pictures">
        {kinds.map((kind) => {
          const found = pictures.find((p) => p.kind === kind && p.epoch === epoch);
          return (
            <figure key={kind}>
              <figcaption>{kind}</figcaption>
              {found === undefined ? (
                <p class="hint">none of this epoch</p>
              ) : (
                <a href={found.url} target="_blank" rel="noreferrer">
                  <img src={found.url} alt={`${kind} after epoch ${epoch}`} />
                </a>
              )}
            </figure>
          );
        })}
      </div>
    </section>
  );
}
