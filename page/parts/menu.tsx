import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A button that opens a panel; Escape and a click elsewhere close it. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const at = details.current;
      if (at === null || !at.open) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        at.querySelector("summary")?.focus();
      } else if (at.contains(event.target as Node)) return;
      at.open = false;
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details class="menu" ref={details}>
      <summary class="button">{label}</summary>
      <div class="panel">{children}</div>
    </details>
  );
}
