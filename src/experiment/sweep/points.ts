import { type Located, toPlain } from "../../config/located.ts";
import { ConfigError } from "../../errors.ts";
import type { Rng } from "../../rng.ts";
import { DRAWN_DIGITS, fault, type Range } from "./ranges.ts";

/** One setting of all keys: what one run of a sweep is given. */
export interface Point {
  /** By dotted key, in the order of the ranges. */
  readonly values: ReadonlyMap<string, Located>;
}

/** Runs of a sweep at most: more is a slip. */
export const MOST_RUNS = 1000;
/** Draws after which no further setting is hoped for. */
const MOST_DRAWS = 100_000;

/**
 * Every combination of the ranges' values, the last range's changing first. `random`: how one asks for some of them instead.
 *
 * @throws ConfigError where a range is a continuum, a key is there twice, or there are too many runs
 */
export function grid(ranges: readonly Range[], random = "--random N"): Point[] {
  checkKeys(ranges);
  const open = ranges.find(({ values }) => values === undefined);
  if (open !== undefined)
    throw fault(
      open.place,
      `expected xN, the number of values on a grid, such as log(0.5..8)x5; or ${random}, which draws them`,
    );
  const count = ranges.reduce((product, { values }) => product * values!.length, 1);
  if (count > MOST_RUNS) {
    const sizes = ranges.map(({ key, values }) => `${values!.length} of ${key}`).join(" times ");
    throw new ConfigError(
      `expected at most ${MOST_RUNS} runs, got ${count}: ${sizes}. Give fewer values, or ${random}`,
    );
  }
  let points: [string, Located][][] = [[]];
  for (const { key, values } of ranges)
    points = points.flatMap((point) => values!.map((value) => [...point, [key, value] as [string, Located]]));
  return points.map((values) => ({ values: new Map(values) }));
}

/**
 * `count` settings drawn from the ranges, all different; the first of them are the same for any larger `count`.
 * `random`: the name of what says how many.
 *
 * @throws ConfigError where there are not so many, or a key is there twice
 */
export function randomPoints(
  ranges: readonly Range[],
  count: number,
  rng: Rng,
  random = "--random",
): Point[] {
  checkKeys(ranges);
  if (count > MOST_RUNS) throw new ConfigError(`expected at most ${MOST_RUNS} runs, got ${random} ${count}`);
  const possible = ranges.reduce((product, { values }) => product * (values?.length ?? Infinity), 1);
  if (count > possible)
    throw new ConfigError(
      `expected at most as many runs as the ranges have combinations, ${possible}, got ${random} ${count}. Leave it out for all of them`,
    );
  const points: Point[] = [];
  const seen = new Set<string>();
  for (let draw = 0; points.length < count; draw++) {
    if (draw > MOST_DRAWS)
      throw new ConfigError(
        `expected ranges that hold ${count} values that differ in their first ${DRAWN_DIGITS} digits, found ${points.length}. Widen them`,
      );
    const u = rng.fold("sweep").fold(draw).uniformArray(ranges.length);
    const values = new Map(ranges.map((range, i) => [range.key, range.at(u[i]!)]));
    const text = JSON.stringify([...values.values()].map(toPlain));
    if (seen.has(text)) continue;
    seen.add(text);
    points.push({ values });
  }
  return points;
}

/** @throws ConfigError where a key is there twice */
export function checkKeys(ranges: readonly Range[]): void {
  const keys = new Set<string>();
  for (const { key, place } of ranges) {
    if (keys.has(key))
      throw fault(place, `expected each key once, got ${key} twice. Give its values with commas`);
    keys.add(key);
  }
}
