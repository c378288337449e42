/** Colours that stay apart on light and dark ground, also for most of those who see few of them. */
const PALETTE = [
  "#4c78e0",
  "#f08c2e",
  "#2fa67a",
  "#d64f5e",
  "#9467d8",
  "#1fa9c4",
  "#c2a21b",
  "#d767b0",
  "#8a6a52",
  "#7c8694",
] as const;

export const colourOf = (n: number): string => PALETTE[n % PALETTE.length]!;

/** A dash for each round through the colours; undefined for the first one. */
export function dashOf(n: number): number[] | undefined {
  const round = Math.floor(n / PALETTE.length);
  return round === 0 ? undefined : round === 1 ? [6, 4] : round === 2 ? [2, 3] : [10, 4, 2, 4];
}
