import { computed, signal } from "@preact/signals";

/** Where one is: `#/`, `#/train`, `#/run/ID`, `#/explore/ID`. */
export type Place =
  | { readonly page: "runs" }
  | { readonly page: "train" }
  | { readonly page: "run"; readonly id: string }
  | { readonly page: "explore"; readonly id: string };

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const place = computed((): Place => placeOf(hash.value));

function placeOf(text: string): Place {
  if (text === TRAIN) return { page: "train" };
  const [, page, id] = /^#\/(run|explore)\/(.+)$/.exec(text) ?? [];
  if (page === undefined || id === undefined) return { page: "runs" };
  try {
    return { page: page as "run" | "explore", id: decodeURIComponent(id) };
  } catch {
    return { page: "runs" }; // a % that is none of an address's
  }
}

export const TRAIN = "#/train";
export const runAddress = (id: string): string => `#/run/${encodeURIComponent(id)}`;
export const exploreAddress = (id: string): string => `#/explore/${encodeURIComponent(id)}`;
