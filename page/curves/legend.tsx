import { runAddress } from "../router.ts";
import { colourOf, dashOf } from "./colours.ts";
import type { Shown } from "./shown.ts";

/** Which colour is whose. */
export function Legend({ runs }: { runs: readonly Shown[] }) {
  return (
    <ul class="legend" aria-label="Runs of the curves">
      {runs.map(({ run, colour }) => (
        <li key={run.id}>
          <svg viewBox="0 0 18 4" width="18" height="4" aria-hidden="true">
            <path
              d="M0 2h18"
              stroke={colourOf(colour)}
              stroke-width="3"
              stroke-dasharray={dashOf(colour)?.join(" ")}
            />
          </svg>
          <a href={runAddress(run.id)}>{run.id}</a>
        </li>
      ))}
    </ul>
  );
}
