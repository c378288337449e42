import { Writable } from "node:stream";
import { afterEach, expect, it, vi } from "vitest";
import { progressTo } from "../../src/text/progress.ts";

afterEach(() => void vi.useRealTimers());

it("says how long the rest takes, by what was done since it began to look", () => {
  vi.useFakeTimers({ now: 1e12 });
  let text = "";
  const out = new Writable({
    write(piece, _, done) {
      text += piece;
      done();
    },
  });
  const progress = progressTo(out as NodeJS.WriteStream);
  progress("packing", 600, 1000); // an earlier process did these
  vi.advanceTimersByTime(3000);
  progress("packing", 650, 1000);
  vi.advanceTimersByTime(7000);
  progress("packing", 700, 1000);
  vi.advanceTimersByTime(10_000);
  progress("packing", 1000, 1000);
  expect(text.split("\n")).toEqual([
    "packing: 600 of 1000",
    "packing: 650 of 1000",
    "packing: 700 of 1000, 30 s left",
    "packing: 1000 of 1000",
    "",
  ]);
});
