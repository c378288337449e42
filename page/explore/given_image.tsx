import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { picturesMiddle } from "../parts/pictures_middle.ts";
import type { Exploration } from "./exploration.ts";

const DROPPING = ["dragover", "drop"];

/** Takes an image of the visitor's, which stays in the page: goes to where the model sees it. */
export function GivenImage({ at }: { at: Exploration }) {
  const over = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const stay = (event: Event) => event.preventDefault(); // a file dropped beside it would replace the page
    for (const name of DROPPING) addEventListener(name, stay);
    return () => {
      for (const name of DROPPING) removeEventListener(name, stay);
    };
  }, []);
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      problem.value = undefined;
      at.z.value = await at.engine.encode(await picturesMiddle(file, at.card.imageShape), at.condition.value);
    } catch {
      problem.value = `${file.name}: not an image that this browser can read`;
    }
  };
  return (
    <label
      class={over.value ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        void take(event.dataTransfer?.files[0]);
      }}
    >
      <input
        type="file"
        accept="image/*"
        class="unseen"
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          event.currentTarget.value = ""; // the same one may be chosen again
        }}
      />
      <span>Drop an image here, or choose one</span>
      {problem.value !== undefined && <span role="alert">{problem}</span>}
    </label>
  );
}
