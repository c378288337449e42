import { expect, it } from "vitest";
import { histogram } from "../../src/loggers/tensorboard/histogram.ts";

const rows = (values: number[]) => {
  const packed = histogram(Float32Array.from(values))!;
  return Array.from({ length: packed.length / 3 }, (_, i) => [...packed.subarray(3 * i, 3 * i + 3)]);
};

it("buckets hold every finite number once, edge to edge from the lowest to the highest", () => {
  const found = rows([0, 0.5, 1, 30, Number.NaN, Infinity, 29.5, -0]);
  expect(found).toHaveLength(30);
  expect(found[0]).toEqual([0, 1, 3]);
  expect(found[1]).toEqual([1, 2, 1]);
  expect(found[29]).toEqual([29, 30, 2]);
  for (let i = 1; i < 30; i++) expect(found[i]![0]).toBe(found[i - 1]![1]);
});

it("of equal numbers the last bucket counts them, of none there is no histogram", () => {
  expect(rows([2, 2, 2]).map(([, , count]) => count)).toEqual([...Array(29).fill(0), 3]);
  expect(histogram(Float32Array.of(Number.NaN, Infinity))).toBeUndefined();
});
