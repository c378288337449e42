import { expect, it } from "vitest";
import { type Located, toPlain } from "../../../src/config/located.ts";
import { grid, randomPoints } from "../../../src/experiment/sweep/points.ts";
import { parseSweep } from "../../../src/experiment/sweep/ranges.ts";
import { Rng } from "../../../src/rng.ts";

const valuesOf = (text: string) => parseSweep(`a.b=${text}`).values?.map(toPlain);
const plain = ({ values }: { values: ReadonlyMap<string, Located> }) => [...values.values()].map(toPlain);
const rng = (seed = 0) => Rng.fromSeed(seed);

it.each([
  ["1e-4,3e-4,1e-3", [0.0001, 0.0003, 0.001]],
  ["adam, sgd", ["adam", "sgd"]],
  ["true,false", [true, false]],
  ["7", [7]],
  [
    "[16,32],[16, 32, 64]",
    [
      [16, 32],
      [16, 32, 64],
    ],
  ],
  ['{name: "a,b"},none', [{ name: "a,b" }, "none"]],
  ["log(0.5..8)x5", [0.5, 1, 2, 4, 8]],
  ["log(3e-4..0.01)x4", [0.0003, 0.0009655, 0.003107, 0.01]],
  ["lin(0..1)x5", [0, 0.25, 0.5, 0.75, 1]],
  ["lin(-1 .. 12345678)x2", [-1, 12345678]],
  ["lin(2..3)x1", [2]],
  ["int(2..5)", [2, 3, 4, 5]],
  ["int(0..100)x3", [0, 50, 100]],
  ["int(-1..1)", [-1, 0, 1]],
])("%s are these values", (text, values) => {
  expect(valuesOf(text)).toEqual(values);
});

it.each([
  ["", /^--sweep a\.b=: expected values with commas between them, log\(FROM\.\.TO\)xN.*, got no value$/],
  ["1,2,1.0", /expected each value once, got 1 twice\. Remove one/],
  ["1,,2", /expected a value between the commas, got none in "1,,2"\. Remove a comma/],
  ["1,2,", /got none in "1,2,"/],
  ["log(8..0.5)x5", /expected FROM < TO, got the empty range 8\.\.0\.5\./],
  ["lin(1..1)x2", /the empty range 1\.\.1/],
  ["log(0..1)x5", /expected numbers > 0 in log\(0\.\.1\), got 0\. Take lin/],
  ["log(a..1)x5", /expected log\(FROM\.\.TO\) with two numbers, such as log\(1\.\.8\), got "log\(a\.\.1\)"/],
  ["log(1,8)x5", /expected log\(FROM\.\.TO\) with two numbers/],
  ["uniform(0..1)", /expected values with commas.*, got "uniform\(0\.\.1\)"/],
  ["0..1", /expected values with commas.*, got "0\.\.1"/],
  ["lin(0..1)x0", /expected xN with N from 1 to 1000 values, got "x0"/],
  ["lin(0..1)xfive", /got "xfive"/],
  ["int(0.5..2)", /expected integers in int\(0\.5\.\.2\)\. Take lin/],
  ["int(1..3)x4", /expected at most 3 integers from 1 to 3, got x4/],
])("%s is told what was expected", (text, message) => {
  expect(() => parseSweep(`a.b=${text}`)).toThrow(message);
});

it("a key is one that --set takes", () => {
  expect(() => parseSweep("exp_params.LR")).toThrow("--sweep exp_params.LR: expected KEY.KEY=VALUE");
  expect(() => parseSweep("a[0]=1")).toThrow('expected names with dots between them, got "a[0]"');
  expect(() => parseSweep("extends=a.yaml,b.yaml")).toThrow("extends can't be set here");
});

it("a grid is every combination, the last key's values changing first", () => {
  const points = grid([parseSweep("a=1,2"), parseSweep("b.c=x,y")]);
  expect(points.map(plain)).toEqual([
    [1, "x"],
    [1, "y"],
    [2, "x"],
    [2, "y"],
  ]);
});

it("a grid of no end, of too many, or of a key twice is told", () => {
  expect(() => grid([parseSweep("a=log(1..2)")])).toThrow(
    "--sweep a=log(1..2): expected xN, the number of values on a grid, such as log(0.5..8)x5; or --random N",
  );
  expect(() => grid([parseSweep("a=int(1..100)"), parseSweep("b=int(1..20)")])).toThrow(
    "expected at most 1000 runs, got 2000: 100 of a times 20 of b. Give fewer values, or --random N",
  );
  expect(() => grid([parseSweep("a=1"), parseSweep("a=2")])).toThrow("expected each key once, got a twice");
});

it("draws are of the ranges, all different, the same for the same seed, and the first of more", () => {
  const ranges = [parseSweep("a=log(1e-5..1e-1)"), parseSweep("b=lin(0..1)x3"), parseSweep("c=int(1..5000)")];
  const twelve = randomPoints(ranges, 12, rng()).map(plain) as [number, number, number][];
  expect(randomPoints(ranges, 5, rng()).map(plain)).toEqual(twelve.slice(0, 5));
  expect(randomPoints(ranges, 12, rng(1)).map(plain)).not.toEqual(twelve);
  for (const [a, b, c] of twelve) {
    expect(a).toBeGreaterThanOrEqual(1e-5);
    expect(a).toBeLessThanOrEqual(1e-1);
    expect([0, 0.5, 1]).toContain(b);
    expect(Number.isInteger(c) && c >= 1 && c <= 5000).toBe(true);
  }
  const decades = new Set(twelve.map(([a]) => Math.floor(Math.log10(a))));
  expect(decades.size).toBeGreaterThan(2); // evenly by the logarithm
  const all = randomPoints([parseSweep("a=1,2,3"), parseSweep("b=x,y")], 6, rng()).map(plain);
  expect(new Set(all.map(String)).size).toBe(6);
});

it("more draws than there are combinations are told", () => {
  expect(() => randomPoints([parseSweep("a=1,2,3")], 4, rng())).toThrow(
    "expected at most as many runs as the ranges have combinations, 3, got --random 4",
  );
  expect(() => randomPoints([parseSweep("a=lin(1..1.001)")], 9, rng())).toThrow(
    "expected ranges that hold 9 values that differ in their first 4 digits, found 2",
  );
});
