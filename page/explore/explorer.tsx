import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { choice } from "../computing.ts";
import { ComputedBy } from "../parts/computed_by.tsx";
import { Attributes } from "./attributes.tsx";
import { Card } from "./card.tsx";
import { CodeGrid } from "./code_grid.tsx";
import { Conditions } from "./conditions.tsx";
import { Exploration } from "./exploration.ts";
import { GivenImage } from "./given_image.tsx";
import { LatentMap } from "./map/map.tsx";
import { Path } from "./path.tsx";
import { Picture } from "./picture.tsx";
import { Samples } from "./samples.tsx";
import { Sliders } from "./sliders.tsx";

/** The latent explorer of the model in a file, as `vae publish` packs it. */
export function Explorer({ load }: { load: () => Promise<Uint8Array> }) {
  const opened = useSignal<Exploration | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const last = useRef<{ load: typeof load; at: Exploration } | undefined>(undefined);
  useEffect(() => {
    let left = false;
    const before = last.current?.load === load ? last.current.at : undefined;
    load()
      .then((file) => Exploration.open(file, choice.value, before))
      .then(
        (at) => {
          if (left) at.close();
          else {
            opened.value = at;
            last.current = { load, at };
          }
        },
        (error: Error) => {
          if (!left) problem.value = error.message;
        },
      );
    return () => {
      left = true;
      opened.value?.close();
      opened.value = undefined; // what shows one model's places would keep them beside another's
      problem.value = undefined;
    };
  }, [load, choice.value]);
  if (problem.value !== undefined)
    return (
      <p class="problem" role="alert">
        {problem}
      </p>
    );
  if (opened.value === undefined) return <p class="hint">Opening the model…</p>;
  return <Opened at={opened.value} />;
}

function Opened({ at }: { at: Exploration }) {
  const { picture, took, problem } = at;
  return (
    <div class="explorer">
      <section class="here" aria-label="The picture">
        <Picture pixels={picture.value} label="What the model decodes from the latents" class="large" />
        <div class="bar">
          <button type="button" onClick={() => at.goTo(Math.floor(Math.random() * at.count))}>
            Another image
          </button>
          <button
            type="button"
            onClick={() => at.goToMean(Array.from({ length: at.count }, (_, image) => image))}
            disabled={at.card.dimensions === undefined}
          >
            The mean of all
          </button>
          <button type="button" onClick={() => save()}>
            Save PNG
          </button>
          <span class="hint" data-took={took.value}>
            {took.value !== undefined && `${took.value.toFixed(0)} ms`}
          </span>
        </div>
        {problem.value !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <ComputedBy computing={at.computing.value} />
        <GivenImage at={at} />
        <Conditions at={at} />
      </section>
      <Sliders at={at} />
      <CodeGrid at={at} />
      <LatentMap at={at} />
      <Samples at={at} />
      <Path at={at} />
      <Attributes at={at} />
      <Card at={at} />
    </div>
  );
}

/** The picture as a file. */
function save(): void {
  const link = document.createElement("a");
  link.href = document.querySelector<HTMLCanvasElement>(".here canvas")!.toDataURL();
  link.download = "picture.png";
  link.click();
}
