import { styleText } from "node:util";
import type { Metrics } from "../../../loggers/logger.ts";
import { metricOf } from "../../../metrics/table.ts";
import { barText, LiveLine } from "../../../text/live_line.ts";
import { duration, short } from "../../../text/numbers.ts";
import type { StepMetrics } from "./step_metrics.ts";

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
  private readonly line: LiveLine;

  constructor(
    private readonly quiet: boolean,
    private readonly out: NodeJS.WriteStream = process.stdout,
  ) {
    this.line = new LiveLine(out, LINE_EVERY);
  }

  /** A line for the user. */
  message(text: string): void {
    this.line.message(text);
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
    this.line.show(() => {
      if (!this.out.isTTY) return parts.join(SEPARATOR);
      const width = (this.out.columns || 80) - 1; // a wrapped line could not be overwritten
      const cells = Math.min(BAR, Math.max(0, width - TEXT));
      if (cells === 0) return fitting(parts, width);
      return `${barText(p.step / p.totalSteps, cells, this.out)} ${fitting(parts, width - cells - 1)}`;
    });
  }

  /** `text` in a colour, where the output has colours. */
  paint(format: Format, text: string): string {
    return styleText(format, text, { stream: this.out });
  }

  /** Takes the bar away, for good. */
  close(): void {
    this.line.clear();
  }
}

/** What a line of progress tells, the most important first. */
function progressParts(p: Progress, { total, terms }: StepMetrics): string[] {
  return [
    `epoch ${p.epoch}/${p.epochs}`,
    `total ${shown(total)}`,
    ...(p.secondsLeft === undefined ? [] : [`${duration(p.secondsLeft)} left`]),
    `${p.imagesPerSecond.toFixed(p.imagesPerSecond < 10 ? 1 : 0)} images/s`,
    `step ${p.step}/${p.totalSteps}`,
    ...Object.entries(terms).map(([name, value]) => `${name} ${shown(value)}`),
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
      `${name.replace(/^val\//, "")} ${shown(value)} ${metricOf(name)?.unit ?? ""}`.trimEnd(),
    )
    .join("  ");
}

const shown = (value: number): string => (Math.abs(value) >= 1e9 ? value.toExponential(3) : short(value));
