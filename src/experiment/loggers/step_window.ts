import type { Figures } from "../step.ts";
import type { Metrics } from "./logger.ts";

interface At {
  readonly lr: number;
  readonly images: number;
  /** Seconds waited for data, all steps of the process together. */
  readonly waitSeconds: number;
}

/** The steps since the last logged row: means of their figures, and how fast they were. */
export class StepWindow {
  private sums: Record<string, number> = {};
  private steps = 0;
  private images = 0;
  /** Seconds spent on these steps, without validation and saving. */
  private seconds = 0;
  private waited = 0;
  private waitedBefore = 0;
  private lr = 0;
  private last = performance.now();

  /** Takes the time since the last step out of the account. */
  restart(): void {
    this.last = performance.now();
  }

  add({ total, terms, scalars, gradNorm }: Figures, { lr, images, waitSeconds }: At): void {
    const values = { total, ...terms, ...scalars, gradient_norm: gradNorm };
    for (const [name, value] of Object.entries(values)) this.sums[name] = (this.sums[name] ?? 0) + value;
    this.steps++;
    this.images += images;
    this.lr = lr;
    const now = performance.now();
    this.seconds += (now - this.last) / 1000;
    this.last = now;
    this.waited += waitSeconds - this.waitedBefore;
    this.waitedBefore = waitSeconds;
  }

  get imagesPerSecond(): number {
    return this.images / this.seconds;
  }

  /** The window's row, by tag; a new window begins. */
  take(): Metrics {
    const means = Object.entries(this.sums).map(([name, sum]) => [`train/${name}`, sum / this.steps]);
    const row = {
      ...Object.fromEntries(means),
      "train/learning_rate": this.lr,
      "train/images_per_second": this.imagesPerSecond,
      "train/data_wait_share": Math.min(1, this.waited / this.seconds),
    };
    this.sums = {};
    this.steps = this.images = this.seconds = this.waited = 0;
    return row;
  }
}
