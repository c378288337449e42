import { describe, expect, it } from "vitest";
import { principalComponents, umap } from "../../page/engine/projections.ts";
import { Rng } from "../../src/rng.ts";

describe("the map's plane", () => {
  const points = Rng.fromSeed(3).normalArray(40 * 5);

  it("is the same each time by UMAP", async () => {
    const [first, second] = [await umap(points, 5), await umap(points, 5)];
    expect(first).toHaveLength(80);
    expect(second).toEqual(first);
  });

  it("has a place for each image where there are few, and for one alone", async () => {
    for (const count of [1, 2, 3]) {
      const few = points.subarray(0, count * 5);
      for (const plane of [principalComponents(few, 5), await umap(few, 5)]) {
        expect(plane).toHaveLength(2 * count);
        expect(plane.every(Number.isFinite)).toBe(true);
      }
    }
  });

  it("spreads along the axes of most variance by PCA", () => {
    const flat = Float32Array.from(points, (v, i) => v * [0.1, 5, 0.1, 20, 0.1][i % 5]!);
    const plane = principalComponents(flat, 5);
    const means = [0, 1].map((d) => flat.reduce((s, v, i) => (i % 5 === [3, 1][d] ? s + v / 40 : s), 0));
    for (const d of [0, 1]) {
      const along = (n: number) => flat[5 * n + [3, 1][d]!]! - means[d]!;
      const sign = Math.sign(plane[d]! * along(0));
      for (let n = 0; n < 40; n++) expect(Math.abs(sign * plane[2 * n + d]! - along(n))).toBeLessThan(3);
    }
  });
});
