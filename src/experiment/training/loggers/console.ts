import { styleText } from "node:util";
import { SingleBar } from "cli-progress";
import { metricOf } from "../../../metrics/table.ts";
import type { StepMetrics } from "../step.ts";
import type { Metrics } from "./logger.ts";

/** Time between two plain lines, in milliseconds. */
const LINE_EVERY = 10_000;
/** Columns of the bar at most, and those that the text beside it gets first. */
const BAR = 20;
const TEXT = 59;
const SEPARATOR = " · ";

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly totalSteps: number;
  readonly imagesPerSecond: number;
  /** undefined: it can't be told yet. */
  readonly secondsLeft: number | undefined;
}

type Format = Parameters<typeof styleText>[0];

/**
 * What a run says on the console: a bar of the whole run on a terminal, a line every ten seconds elsewhere, nothing
 * between the messages where it is quiet. In colours where Node finds a terminal that has them (NO_COLOR, FORCE_COLOR).
 */
export class ConsoleLog {
  private readonly bar: SingleBar | undefined;
  /** What the bar shows: total, value, payload. */
  private shown: [number, number, { parts: readonly string[] }] = [0, 0, { parts: [] }];
  private lastLine = 0;

  constructor(
    private readonly quiet: boolean,
    private readonly out: NodeJS.WriteStream = process.stdout,
  ) {
    if (quiet || !out.isTTY) return;
    const options = { stream: out, hideCursor: true, fps: 5, barsize: BAR, clearOnComplete: true };
    this.bar = new SingleBar({
      ...options,
      format: (_, { progress }, { parts }) => {
        const width = (this.out.columns || 80) - 1; // a wrapped bar could not be overwritten
        const cells = Math.min(BAR, Math.max(0, width - TEXT));
        const full = Math.round(progress * cells);
        const bar = this.paint("cyan", "█".repeat(full)) + this.paint("dim", "░".repeat(cells - full));
        return cells === 0 ? fitting(parts, width) : `${bar} ${fitting(parts, width - cells - 1)}`;
      },
    });
  }

  /** A line for the user. */
  message(text: string): void {
    const shown = this.bar?.isActive ? this.shown : undefined;
    if (shown !== undefined) this.bar?.stop(); // takes the bar's line away
    this.out.write(`${text}\n`);
    if (shown !== undefined) this.bar?.start(...shown);
  }

  /** As `message`, of what the user should look at. */
  warn(text: string): void {
    this.message(this.paint("yellow", text));
  }

  /** As `message`, but not where the run is quiet. */
  note(text: string): void {
    if (!this.quiet) this.message(text);
  }

  progress(p: Progress, metrics: StepMetrics): void {
    if (this.quiet) return;
    const parts = progressParts(p, metrics);
    if (this.bar !== undefined) {
      this.shown = [p.totalSteps, p.step, { parts }];
      if (this.bar.isActive) this.bar.update(p.step, { parts });
      else this.bar.start(...this.shown);
      return;
    }
    const now = Date.now();
    if (now - this.lastLine < LINE_EVERY) return;
    this.lastLine = now;
    this.message(parts.join(SEPARATOR));
  }

  /** `text` in a colour, where the output has colours. */
  paint(format: Format, text: string): string {
    return styleText(format, text, { stream: this.out });
  }

  /** Takes the bar away, for good. */
  close(): void {
    if (this.bar?.isActive) this.bar.stop();
  }
}

/** What a line of progress tells, the most important first. */
function progressParts(p: Progress, { total, terms }: StepMetrics): string[] {
  return [
    `epoch ${p.epoch}/${p.epochs}`,
    `total ${short(total)}`,
    ...(p.secondsLeft === undefined ? [] : [`${duration(p.secondsLeft)} left`]),
    `${p.imagesPerSecond.toFixed(p.imagesPerSecond < 10 ? 1 : 0)} images/s`,
    `step ${p.step}/${p.totalSteps}`,
    ...Object.entries(terms).map(([name, value]) => `${name} ${short(value)}`),
  ];
}

/** As many of the first `parts` as `width` columns have room for; none is cut but the only one. */
function fitting(parts: readonly string[], width: number): string {
  let line = parts[0] ?? "";
  for (const part of parts.slice(1)) {
    if (line.length + SEPARATOR.length + part.length > width) break;
    line += SEPARATOR + part;
  }
  return line.slice(0, Math.max(0, width));
}

/** Metrics in a row, those that have a unit with it: `total 12.3  kl 4.56 nats`. */
export function metricsText(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) =>
      `${name.replace(/^val\//, "")} ${short(value)} ${metricOf(name)?.unit ?? ""}`.trimEnd(),
    )
    .join("  ");
}

/** Seconds as `42 s`, `3:07 min` or `1:02:03 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)} min`;
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)} h`;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return value.toExponential(3);
  return size >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
}
