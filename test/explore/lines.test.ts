import { expect, it } from "vitest";
import { linear, linspace, spherical } from "../../src/explore/lines.ts";

const length = (a: Float32Array) => Math.hypot(...a);
const f = (...x: number[]) => Float32Array.from(x);

it("linspace has both ends", () => {
  expect(linspace(-3, 3, 7)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  expect(linspace(2, 5, 1)).toEqual([2]);
});

it("a spherical way keeps the length of ends of one length, at equal angles; a linear one falls short", () => {
  const [a, b] = [f(2, 0, 0), f(0, 2, 0)];
  const third = spherical(a, b, 1 / 3);
  expect(length(third)).toBeCloseTo(2, 6);
  expect(Math.atan2(third[1]!, third[0]!)).toBeCloseTo(Math.PI / 6, 6);
  expect(length(linear(a, b, 0.5))).toBeCloseTo(Math.SQRT2, 6);
});

it("ways begin and end at their ends", () => {
  const [a, b] = [f(1, 2, 3), f(-4, 0.5, 2)];
  for (const way of [linear, spherical]) {
    expect([...way(a, b, 0)]).toEqual([...a]);
    for (const [i, x] of way(a, b, 1).entries()) expect(x).toBeCloseTo(b[i]!, 5);
  }
});

it("a spherical way is a linear one where no great circle is given", () => {
  expect([...spherical(f(1, 0), f(-1, 0), 0.25)]).toEqual([0.5, 0]);
  expect([...spherical(f(0, 0), f(2, 4), 0.5)]).toEqual([1, 2]);
  expect([...spherical(f(1, 1), f(3, 3), 0.5)]).toEqual([2, 2]);
});
