import { expect, it } from "vitest";
import { bytesText, duration, rounded, short, significant } from "../../src/text/numbers.ts";

it("numbers have as many digits as one reads", () => {
  expect([0.123456, 12, 0.5, -3.24159, 123456].map((x) => significant(x))).toEqual([
    "0.1235",
    "12",
    "0.5",
    "-3.242",
    "123500",
  ]);
  expect([999.96, 1000.4, -12345.6, 0].map((x) => short(x))).toEqual(["1000", "1000", "-12346", "0"]);
  expect(short(12345.67, { decimals: 1 })).toBe("12345.7");
  expect(short(0.123456, { digits: 2 })).toBe("0.12");
  expect([-2, 0.333333, 1.5].map((x) => rounded(x))).toEqual(["-2", "0.33", "1.5"]);
});

it("durations and sizes have their unit", () => {
  const seconds = [3.4, 59.6, 187, 3723, Number.NaN];
  expect(seconds.map(duration)).toEqual(["3 s", "1:00 min", "3:07 min", "1:02:03 h", "?"]);
  expect([1234, 861e6, 3.4e10].map(bytesText)).toEqual(["1.2 kB", "861 MB", "34.0 GB"]);
});
