import type { Pixels } from "../../src/browser/pixels.ts";
import { Picture } from "../explore/picture.tsx";

/** Pictures side by side under a title; nothing where there are none. */
export function Strip({ title, pixels }: { title: string; pixels: Pixels | undefined }) {
  if (pixels === undefined) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul class="strip">
        {Array.from({ length: pixels.count }, (_, n) => (
          <li key={n}>
            <Picture pixels={pixels} index={n} label={`${title} ${n + 1}`} />
          </li>
        ))}
      </ul>
    </section>
  );
}
