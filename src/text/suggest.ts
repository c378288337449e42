import { distance } from "fastest-levenshtein";

/** Without what people write one way or another: case, hyphens, underscores, dots. */
const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_.\s]/g, "");

/** Whether two words may be one misspelt: hardly anyone mistakes the first letter (batch_size is no patch_size). */
const beginAlike = (a: string, b: string): boolean => a[0] === b[0] || a[1] === b[0] || a[0] === b[1];

/** Whether two neighbouring letters are swapped. */
function swapped(a: string, b: string): boolean {
  const at = [...a].findIndex((letter, i) => letter !== b[i]);
  return at >= 0 && a === b.slice(0, at) + (b[at + 1] ?? "") + b[at] + b.slice(at + 2);
}

/**
 * ` Did you mean "NAME"?`, the nearest of `names` to `text`; "" where none is near: of every three letters of the shorter
 * of both one may differ, and one of fewer. `others`: further names of some of them.
 */
export function didYouMean(
  text: string,
  names: readonly string[],
  others: Readonly<Record<string, readonly string[]>> = {},
): string {
  const asked = plain(text);
  let best: { name: string; away: number } | undefined;
  for (const name of names) {
    for (const written of [name, ...(others[name] ?? [])].map(plain)) {
      const away = swapped(asked, written) ? 1 : distance(asked, written);
      const far = Math.max(1, Math.floor(Math.min(asked.length, written.length) / 3));
      if (!beginAlike(asked, written)) continue;
      if (away <= far && away < written.length && away < (best?.away ?? Number.POSITIVE_INFINITY))
        best = { name, away };
    }
  }
  return best === undefined ? "" : ` Did you mean "${best.name}"?`;
}
