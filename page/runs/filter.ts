import type { RunInfo } from "../api.ts";

/**
 * Whether a run fits what was typed: every word is somewhere in its name, model, data, state or settings; `KEY=VALUE`,
 * `KEY<NUMBER` and `KEY>NUMBER` are of a setting or a metric whose name ends with KEY, in any case.
 */
export function fits(run: RunInfo, typed: string): boolean {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => {
    const [, key, sign, value] = /^([^<>=]+)([<>=])(.*)$/.exec(word) ?? [];
    if (key === undefined) return textOf(run).includes(word);
    return valuesOf(run, key).some((found) => compares(found, sign!, value!));
  });
}

const textOf = ({ id, model, data, status, settings }: RunInfo): string =>
  [id, model, data, status, ...Object.values(settings)].join("\n").toLowerCase();

function valuesOf(
  { settings, best, last, model, data, status, step, epoch }: RunInfo,
  key: string,
): unknown[] {
  const all = [
    ...Object.entries({ model, data, status, state: status, step, epoch }),
    ...Object.entries(settings),
    ...Object.entries({ ...last, ...best }),
  ];
  return all.flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    return lower === key || lower.endsWith(`.${key}`) ? [value] : [];
  });
}

function compares(found: unknown, sign: string, value: string): boolean {
  if (sign === "=") return String(found).toLowerCase() === value || (value !== "" && found === Number(value));
  if (typeof found !== "number" || value === "" || Number.isNaN(Number(value))) return false;
  return sign === "<" ? found < Number(value) : found > Number(value);
}
