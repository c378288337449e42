import type { Metrics } from "../../../loggers/logger.ts";
import type { WindowSums } from "../../runs/run_state.ts";
import type { Rates, StepMetrics } from "./step_metrics.ts";

interface At {
  readonly lr: Rates;
  readonly images: number;
  /** Seconds waited for data, all steps of the process together. */
  readonly waitSeconds: number;
}

/**
 * The steps since the last logged row: means of their metrics, and how fast they were. The sums are part of the
 * run's state, so that the first row of a resumed run is of all its steps.
 */
export class StepWindow {
  private images = 0;
  /** Seconds spent on these steps, without validation and saving. */
  private seconds = 0;
  private waited = 0;
  private waitedBefore = 0;
  private lr: Rates = 0;
  private last = performance.now();

  constructor(private readonly held: WindowSums) {}

  /** Takes the time since the last step out of the account. */
  restart(): void {
    this.last = performance.now();
  }

  add({ total, terms, scalars, gradNorm }: StepMetrics, { lr, images, waitSeconds }: At): void {
    const { held } = this;
    const values = { total, ...terms, ...scalars, gradient_norm: gradNorm };
    held.counts ??= {};
    for (const [name, value] of Object.entries(values)) {
      const before = held.sums[name];
      held.counts[name] = (held.counts[name] ?? (before === undefined ? 0 : held.steps)) + 1;
      held.sums[name] = (before ?? 0) + value;
    }
    held.steps++;
    this.images += images;
    this.lr = lr;
    const now = performance.now();
    this.seconds += (now - this.last) / 1000;
    this.last = now;
    this.waited += waitSeconds - this.waitedBefore;
    this.waitedBefore = waitSeconds;
  }

  get imagesPerSecond(): number {
    return this.images / Math.max(this.seconds, 1e-9);
  }

  /** The window's row, by tag, undefined where it has no step; a new window begins. */
  take(): Metrics | undefined {
    const { sums, steps, counts } = this.held;
    if (steps === 0) return undefined;
    const means = Object.entries(sums).map(([name, sum]) => [
      `train/${name}`,
      sum / (counts?.[name] ?? steps),
    ]);
    const row = {
      ...Object.fromEntries(means),
      ...rateTags(this.lr),
      "train/images_per_second": this.imagesPerSecond,
      "train/data_wait_share": Math.min(1, this.waited / Math.max(this.seconds, 1e-9)),
    };
    Object.assign(this.held, { steps: 0, sums: {}, counts: {} } satisfies WindowSums);
    this.images = this.seconds = this.waited = 0;
    return row;
  }
}

/** The first phase's learning rate, and those of further phases by their names. */
function rateTags(lr: Rates): Metrics {
  if (typeof lr === "number") return { "train/learning_rate": lr };
  const tags = Object.entries(lr).map(([phase, rate], i) => [i === 0 ? "" : `_${phase}`, rate] as const);
  return Object.fromEntries(tags.map(([suffix, rate]) => [`train/learning_rate${suffix}`, rate]));
}
