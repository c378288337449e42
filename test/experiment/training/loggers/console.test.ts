import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { ConsoleLog, metricsText } from "../../../../src/experiment/training/loggers/console.ts";

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
  step: 3,
  totalSteps: 20,
  imagesPerSecond: 123.4,
  secondsLeft: 75,
};
const figures = { total: 12.345678, terms: { kl: 1234.5 }, scalars: {}, gradNorm: 1 };
const many = { ...figures, terms: Object.fromEntries([..."abcdefghijkl"].map((t) => [t, 1])) };
/** What a terminal shows of it, line by line. */
const linesOf = (written: string) =>
  stripVTControlCharacters(written.replaceAll("\x1b[1G", "\r")).split(/[\r\n]+/);

describe("the console", () => {
  it("shows plain lines where there is no terminal, not one a step", () => {
    const { out, text } = stream(false);
    const log = new ConsoleLog(false, out);
    log.progress(progress, figures);
    log.progress({ ...progress, step: 4 }, figures);
    log.close();
    expect(text()).toBe("epoch 1/2 · total 12.35 · 1:15 min left · 123 images/s · step 3/20 · kl 1235\n");
  });

  it("shows a bar of the whole run on a terminal, the total beside it, and messages on lines of their own", () => {
    const { out, text } = stream(true);
    const log = new ConsoleLog(false, out);
    const long = { epoch: 100, epochs: 100, totalSteps: 1_000_000, secondsLeft: 360_000 };
    log.progress({ ...progress, ...long, step: 150_000 }, { ...many, total: -123456.7 });
    log.message("hello");
    log.close();
    const lines = linesOf(text());
    expect(lines).toContain("███░░░░░░░░░░░░░░░░░ epoch 100/100 · total -123457 · 100:00:00 h left");
    for (const line of lines) expect(line.length).toBeLessThan(80);
    expect(lines).toContain("hello");
  });

  it.each([200, 80, 60, 40, 20])("fits a terminal of %i columns, with whole numbers alone", (columns) => {
    const { out, text } = stream(true);
    out.columns = columns;
    const log = new ConsoleLog(false, out);
    log.progress(progress, many);
    log.close();
    const line = linesOf(text()).find((shown) => shown.includes("epoch 1/2"))!;
    expect(line.length).toBeLessThan(columns);
    if (columns >= 40) expect(line).toContain("epoch 1/2 · total 12.35");
    expect(line).toMatch(/(epoch 1\/2|total 12\.35|left|images\/s|step 3\/20|[a-l] 1)$/);
    expect(line.endsWith(" · l 1")).toBe(columns === 200);
  });

  it("tells no time where none can be told", () => {
    const { out, text } = stream(false);
    new ConsoleLog(false, out).progress(
      { ...progress, secondsLeft: undefined, imagesPerSecond: 1.26 },
      figures,
    );
    expect(text()).toBe("epoch 1/2 · total 12.35 · 1.3 images/s · step 3/20 · kl 1235\n");
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

it("metrics read well", () => {
  expect(metricsText({ "val/total": 0.000012345, "val/kl": -4623.2 })).toBe(
    "total 0.00001234  kl -4623 nats",
  );
});
