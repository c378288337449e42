import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { barText, LiveLine } from "../../src/text/live_line.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1e12 }));
afterEach(() => void vi.useRealTimers());

function stream(isTTY: boolean) {
  const out = Object.assign(new PassThrough({ encoding: "utf8" }), {
    isTTY,
  }) as unknown as NodeJS.WriteStream;
  return { out, said: () => (out as unknown as PassThrough).read() ?? "" };
}

it("a line on a terminal is written over, the newest state by itself", () => {
  const { out, said } = stream(true);
  const line = new LiveLine(out, 10_000);
  for (const n of [1, 2, 3]) line.show(() => `${n} of 9`);
  expect(said()).toBe("\r\x1b[K1 of 9");
  vi.advanceTimersByTime(1000);
  expect(said()).toBe("\r\x1b[K3 of 9");
  line.message("hello");
  expect(said()).toBe("\r\x1b[Khello\n\r\x1b[K3 of 9");
  line.show(() => "4 of 9");
  line.clear();
  vi.advanceTimersByTime(1000);
  expect(said()).toBe("\r\x1b[K");
  line.message("bye");
  expect(said()).toBe("bye\n");
});

it("elsewhere it is a line now and then", () => {
  const { out, said } = stream(false);
  const line = new LiveLine(out, 10_000);
  for (const n of [1, 2]) line.show(() => `${n} of 9`);
  vi.advanceTimersByTime(10_000);
  expect(said()).toBe("1 of 9\n");
  line.show(() => "3 of 9");
  line.end("9 of 9");
  line.show(() => "1 of 5");
  line.clear();
  expect(said()).toBe("3 of 9\n9 of 9\n1 of 5\n");
});

it("a bar is as full as its share", () => {
  const { out } = stream(false);
  expect([0, 0.5, 1].map((share) => barText(share, 4, out))).toEqual(["░░░░", "██░░", "████"]);
});
