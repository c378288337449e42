import { SingleBar } from "cli-progress";
import { metricOf } from "../../metrics/table.ts";
import type { Figures } from "../step.ts";
import type { Metrics } from "./logger.ts";

/** Time between two plain lines, in milliseconds. */
const LINE_EVERY = 10_000;
const BAR = 20;

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch. */
  readonly batch: number;
  readonly stepsPerEpoch: number;
  readonly step: number;
  readonly totalSteps: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

/**
 * What a run says on the console: a bar on a terminal, a line every ten seconds elsewhere, nothing between
 * the messages where it is quiet.
 */
export class ConsoleLog {
  private readonly bar: SingleBar | undefined;
  /** What the bar shows: total, value, payload. */
  private shown: [number, number, { text: string }] = [0, 0, { text: "" }];
  private lastLine = 0;

  constructor(
    private readonly quiet: boolean,
    private readonly out: NodeJS.WriteStream = process.stdout,
  ) {
    if (quiet || !out.isTTY) return;
    const options = { stream: out, hideCursor: true, fps: 5, barsize: BAR, clearOnComplete: true };
    this.bar = new SingleBar({
      ...options,
      format: (_, { progress }, payload) => {
        const full = Math.round(progress * BAR);
        const line = `${"█".repeat(full)}${"░".repeat(BAR - full)} ${payload.text ?? ""}`;
        return line.slice(0, (this.out.columns || 80) - 1); // a wrapped bar could not be overwritten
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

  /** As `message`, but not where the run is quiet. */
  note(text: string): void {
    if (!this.quiet) this.message(text);
  }

  progress(p: Progress, figures: Figures): void {
    if (this.quiet) return;
    const text = progressText(p, figures);
    if (this.bar !== undefined) {
      this.shown = [p.stepsPerEpoch, p.batch, { text }];
      if (this.bar.isActive) this.bar.update(p.batch, { text });
      else this.bar.start(...this.shown);
      return;
    }
    const now = Date.now();
    if (now - this.lastLine < LINE_EVERY) return;
    this.lastLine = now;
    this.message(text);
  }

  /** Takes the bar away, for good. */
  close(): void {
    if (this.bar?.isActive) this.bar.stop();
  }
}

function progressText(p: Progress, { total, terms }: Figures): string {
  const losses = [["total", total] as const, ...Object.entries(terms)];
  return [
    `epoch ${p.epoch}/${p.epochs}`,
    `step ${p.step}/${p.totalSteps}`,
    `${p.imagesPerSecond.toFixed(0)} images/s`,
    `${duration(p.secondsLeft)} left`,
    losses.map(([name, value]) => `${name} ${short(value)}`).join(" "),
  ].join(" · ");
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

const short = (value: number): string =>
  Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
