import type { RunInfo } from "../api.ts";

/** A run's state: a shape and a word, so that it doesn't hang on the colour, and how far it is. */
export function Status({ run }: { run: RunInfo }) {
  const { status, why, progress } = run;
  const percent = progress === undefined ? undefined : Math.floor(100 * progress);
  return (
    <span class={`status ${status}`} title={why}>
      <span class="mark" aria-hidden="true" />
      {status}
      {percent !== undefined && status !== "finished" && <span class="percent">{percent} %</span>}
    </span>
  );
}
