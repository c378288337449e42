import { expect, it } from "vitest";
import { Rng } from "../src/rng.ts";

const root = Rng.fromSeed(1265);

it("draws the same numbers for the same seed, purpose and step, whatever was drawn before", () => {
  root.fold("other").normalArray(10);
  const a = root.fold("posterior").fold(7).normalArray(100);
  expect(Rng.fromSeed(1265).fold("posterior").fold(7).normalArray(100)).toEqual(a);
  expect(a.slice(0, 11)).toEqual(root.fold("posterior").fold(7).normalArray(11));
});

it("draws others for another seed, purpose or step", () => {
  const streams = [root, root.fold("a"), root.fold("b"), root.fold(0), root.fold(1), root.fold("a").fold(1)];
  streams.push(
    Rng.fromSeed(1266),
    Rng.fromSeed(2 ** 40 + 1265),
    root.fold(2 ** 40),
    root.fold("ab"),
    root.fold("ba"),
  );
  const firsts = streams.map((s) => s.uniformArray(1)[0]);
  expect(new Set(firsts).size).toBe(streams.length);
});

it("has the moments of its distributions", () => {
  const n = 200_000;
  const moments = (x: Float32Array) => {
    const mean = x.reduce((a, b) => a + b, 0) / n;
    return [
      mean,
      x.reduce((a, b) => a + (b - mean) ** 2, 0) / n,
      x.reduce((a, b) => a + (b - mean) ** 4, 0) / n,
    ];
  };
  const [mean, variance, fourth] = moments(root.fold("n").normalArray(n));
  expect(mean).toBeCloseTo(0, 1.9);
  expect(variance).toBeCloseTo(1, 1.7);
  expect(fourth! / variance! ** 2).toBeCloseTo(3, 0.9);
  const [uMean, uVariance] = moments(root.fold("u").uniformArray(n));
  expect(uMean).toBeCloseTo(0.5, 2);
  expect(uVariance).toBeCloseTo(1 / 12, 2);
});

it("has the test vectors of Threefry-2x32-20 (Random123's kat_vectors)", () => {
  // counter (0, 0), key (0, 0) gives 6b200159 99ba4efe
  const [a, b] = Rng.fromSeed(0).uniformArray(2);
  expect(a).toBe((0x6b200159 >>> 8) * 2 ** -24);
  expect(b).toBe((0x99ba4efe >>> 8) * 2 ** -24);
});

it("permutes: every index once, and differently for another epoch", () => {
  const p = root.fold("shuffle").fold(0).permutation(1000);
  expect([...p].sort((x, y) => x - y)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect([...root.fold("shuffle").fold(1).permutation(1000)]).not.toEqual([...p]);
});

it("takes subsets: different numbers in order, each equally often, without a stride", () => {
  const counts = new Float64Array(64);
  for (let i = 0; i < 4000; i++) {
    const some = root.fold("subset").fold(i).subset(16, 64);
    expect(some.every((n, k) => k === 0 || n > some[k - 1]!)).toBe(true);
    for (const n of some) counts[n]!++;
  }
  // 1000 times each; a binomial standard deviation of 27
  expect(Math.min(...counts)).toBeGreaterThan(870);
  expect(Math.max(...counts)).toBeLessThan(1130);
  expect([...root.subset(9, 4)]).toEqual([0, 1, 2, 3]);
  expect([...root.subset(0, 4)]).toEqual([]);
});

it("places windows: squares within their image, anywhere in it", () => {
  const [height, width, side] = [5, 7, 3];
  const places = root.fold("windows").windowPlaces(400, [height, width], side);
  const corners = new Set<number>();
  for (let n = 0; n < 400; n++) {
    const found = [...places.subarray(n * 9, (n + 1) * 9)].map((p) => p - n * height * width);
    const [top, left] = [Math.floor(found[0]! / width), found[0]! % width];
    expect(top + side <= height && left + side <= width && top >= 0, `${top}, ${left}`).toBe(true);
    expect(found).toEqual([0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => (top + y) * width + left + x)));
    corners.add(found[0]!);
  }
  expect(corners.size).toBe(3 * 5);
});
