import { effect, type Signal, signal } from "@preact/signals";

/** A signal whose value the browser keeps for this page, under `name`. */
export function kept<T>(name: string, first: T): Signal<T> {
  const key = `vae-ui.${name}`;
  const value = signal<T>(read(key) ?? first);
  effect(() => {
    const text = JSON.stringify(value.value);
    try {
      localStorage.setItem(key, text);
    } catch {} // forbidden or full: kept while the page is open
  });
  return value;
}

function read<T>(key: string): T | undefined {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
