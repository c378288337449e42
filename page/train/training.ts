import { signal } from "@preact/signals";
import { proxy, transfer } from "comlink";
import type { Pixels } from "../engine/pixels.ts";
import { startEngine } from "../engine/start.ts";
import type { Progress, Settings } from "../engine/trainer.ts";

/** What the page trains, and how far it is. */
export class Training {
  /** Some of the images that are trained on; undefined until there are some. */
  readonly shown = signal<Pixels | undefined>(undefined);
  readonly images = signal(0);
  readonly progress = signal<Progress | undefined>(undefined);
  /** Total of each step. */
  readonly totals = signal<readonly number[]>([]);
  readonly samples = signal<Pixels | undefined>(undefined);
  readonly reconstructions = signal<Pixels | undefined>(undefined);
  readonly state = signal<"ready" | "busy" | "training" | "trained">("busy");
  readonly problem = signal<string | undefined>(undefined);
  private readonly made = startEngine();

  async render(count: number, side: number): Promise<void> {
    await this.take(count, () => this.made.remote.render(count, side));
  }

  /** Takes files' images, cut to squares of `side` pixels. */
  async give(files: readonly File[], side: number): Promise<void> {
    this.state.value = "busy";
    const found: Uint8Array[] = [];
    for (const file of files) {
      const image = await squareOf(file, side).catch(() => undefined);
      if (image !== undefined) found.push(image);
    }
    if (found.length === 0) {
      this.problem.value = "None of these is an image that this browser can read.";
      this.state.value = "ready";
      return;
    }
    const all = new Uint8Array(found.length * 3 * side * side);
    found.forEach((image, n) => {
      all.set(image, n * image.length);
    });
    await this.take(found.length, () => this.made.remote.give(transfer(all, [all.buffer]), side));
  }

  async train(settings: Settings): Promise<void> {
    this.state.value = "training";
    this.problem.value = undefined;
    this.totals.value = [];
    const heard = (progress: Progress) => {
      this.progress.value = progress;
      this.totals.value = [...this.totals.value, progress.total];
      if (progress.samples !== undefined) this.samples.value = progress.samples;
      if (progress.reconstructions !== undefined) this.reconstructions.value = progress.reconstructions;
    };
    try {
      const steps = await this.made.remote.train(settings, proxy(heard));
      this.state.value = steps > 0 ? "trained" : "ready";
    } catch (error) {
      this.problem.value = (error as Error).message;
      this.state.value = "ready";
    }
  }

  stop(): void {
    void this.made.remote.stop();
  }

  pack(title: string): Promise<Uint8Array> {
    return this.made.remote.pack(title);
  }

  close(): void {
    this.made.worker.terminate();
  }

  private async take(count: number, how: () => Promise<Pixels>): Promise<void> {
    this.state.value = "busy";
    this.problem.value = undefined;
    try {
      this.shown.value = await how();
      this.images.value = count;
      this.samples.value = undefined;
      this.reconstructions.value = undefined;
    } catch (error) {
      this.problem.value = (error as Error).message;
    }
    this.state.value = "ready";
  }
}

/** The largest square of a picture's middle, RGB. */
async function squareOf(file: Blob, side: number): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(file);
  const edge = Math.min(bitmap.width, bitmap.height);
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // below what is transparent
  context.fillRect(0, 0, side, side);
  const [left, top] = [(bitmap.width - edge) / 2, (bitmap.height - edge) / 2];
  context.drawImage(bitmap, left, top, edge, edge, 0, 0, side, side);
  bitmap.close();
  const { data } = context.getImageData(0, 0, side, side);
  return Uint8Array.from({ length: 3 * side * side }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)]!);
}
