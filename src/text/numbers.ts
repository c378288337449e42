/** A number with so many significant digits and no zeros at its end: 0.1235, 12, 1.235e+9. */
export const significant = (value: number, digits = 4): string => String(Number(value.toPrecision(digits)));

/** A number with so many decimals at most: 0.5, -2, 1.33. */
export const rounded = (value: number, decimals = 2): string => String(Number(value.toFixed(decimals)));

/** A number as tables and messages show it: `digits` significant digits, and from 1000 on `decimals` after the point. */
export const short = (
  value: number,
  { digits = 4, decimals = 0 }: { readonly digits?: number; readonly decimals?: number } = {},
): string => (Math.abs(value) >= 1000 ? value.toFixed(decimals) : significant(value, digits));

/** Bytes as people read them: "861 MB", powers of ten. */
export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e10 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Seconds as `42 s`, `3:07 min` or `1:02:03 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)} min`;
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)} h`;
}
