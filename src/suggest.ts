import { closest, distance } from "fastest-levenshtein";

/** ` Did you mean "NAME"?`, the nearest of `names` to `text`; "" where none is near. */
export function didYouMean(text: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const lower = text.toLowerCase();
  const best = names.find((n) => n.toLowerCase() === lower) ?? closest(text, [...names]);
  const near = distance(lower, best.toLowerCase()) <= Math.max(2, Math.floor(best.length / 3));
  return near ? ` Did you mean "${best}"?` : "";
}
