import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { ConsoleLog, duration, metricsText } from "../../src/experiment/loggers/console.ts";

/** A stream that stands for a terminal of 80 columns or for a pipe, and what was written to it. */
function stream(isTTY: boolean) {
  const out = Object.assign(new PassThrough(), {
    isTTY,
    columns: 80,
  });
  const text = () => String(out.read() ?? "");
  return { out: out as unknown as NodeJS.WriteStream, text };
}

const progress = {
  epoch: 1,
  epochs: 2,
  batch: 3,
  stepsPerEpoch: 10,
  step: 3,
  totalSteps: 20,
  imagesPerSecond: 123.4,
  secondsLeft: 75,
};
const figures = { total: 12.345678, terms: { kl: 1234.5 }, scalars: {}, gradNorm: 1 };

describe("the console", () => {
  it("shows plain lines where there is no terminal, not one a step", () => {
    const { out, text } = stream(false);
    const log = new ConsoleLog(false, out);
    log.progress(progress, figures);
    log.progress({ ...progress, step: 4 }, figures);
    log.close();
    expect(text()).toBe("epoch 1/2 · step 3/20 · 123 images/s · 1:15 min left · total 12.35 kl 1235\n");
  });

  it("shows a bar on a terminal that fits a line, and messages on lines of their own", () => {
    const { out, text } = stream(true);
    const log = new ConsoleLog(false, out);
    log.progress(progress, { ...figures, terms: Object.fromEntries([..."abcdefghijkl"].map((t) => [t, 1])) });
    log.message("hello");
    log.close();
    const written = text();
    expect(written).toContain("██████░░░░░░░░░░░░░░ epoch 1/2 · step 3/20 · 123 images/s");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own
    const shown = written.replaceAll("\x1b[1G", "\r").replace(/\x1b[78]|\x1b\[[?\d;]*[A-Za-z]/g, "");
    for (const line of shown.split(/[\r\n]/)) expect(line.length).toBeLessThan(80);
    expect(shown).toContain("\rhello\n");
  });

  it("is silent between messages where it is quiet", () => {
    const { out, text } = stream(true);
    const log = new ConsoleLog(true, out);
    log.progress(progress, figures);
    log.note("note");
    log.message("end");
    expect(text()).toBe("end\n");
  });
});

it("durations and metrics read well", () => {
  expect([3.4, 59.6, 187, 3723, Number.NaN].map(duration)).toEqual([
    "3 s",
    "1:00 min",
    "3:07 min",
    "1:02:03 h",
    "?",
  ]);
  expect(metricsText({ "val/total": 0.000012345, "val/kl": -4623.2 })).toBe(
    "total 0.00001234  kl -4623 nats",
  );
});
