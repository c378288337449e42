import { signal } from "@preact/signals";
import { proxy, transfer } from "comlink";
import type { BackendChoice } from "../../src/browser/choose_backend.ts";
import { fromPixels, type Pixels } from "../../src/browser/pixels.ts";
import { keepMeasured, measured } from "../computing.ts";
import type { Computing } from "../engine/computing.ts";
import { startEngine } from "../engine/start.ts";
import type { Progress, Settings } from "../engine/trainer.ts";
import { textFor } from "../engine/webgpu_text.ts";
import { picturesMiddle } from "../parts/pictures_middle.ts";

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
  /** What computes; undefined until training begins. */
  readonly computing = signal<Computing | undefined>(undefined);
  private made = startEngine("");
  /** What the worker was started with besides its own. */
  private started = "";
  /** Gives a worker the images that are trained on. */
  private source: (() => Promise<Pixels>) | undefined;

  async render(count: number, side: number): Promise<void> {
    await this.take(count, () => this.made.remote.render(count, side));
  }

  /** Takes files' images, cut to squares of `side` pixels. */
  async give(files: readonly File[], side: number): Promise<void> {
    this.state.value = "busy";
    const found: Float32Array[] = [];
    for (const file of files) {
      const picture = await picturesMiddle(file, [side, side]).catch(() => undefined);
      if (picture !== undefined) found.push(fromPixels(picture, 3, [0, 255]).images);
    }
    if (found.length === 0) {
      this.problem.value = "None of these is an image that this browser can read.";
      this.state.value = "ready";
      return;
    }
    await this.take(found.length, () => {
      const all = new Uint8Array(found.length * 3 * side * side);
      found.forEach((image, n) => {
        all.set(image, n * image.length);
      });
      return this.made.remote.give(transfer(all, [all.buffer]), side);
    });
  }

  async train(settings: Settings, choice: BackendChoice): Promise<void> {
    this.state.value = "training";
    this.problem.value = undefined;
    this.totals.value = [];
    this.computing.value = undefined;
    const heard = (progress: Progress) => {
      this.progress.value = progress;
      // It may begin again.
      this.totals.value = [...this.totals.value.slice(0, progress.step - 1), progress.total];
      if (progress.samples !== undefined) this.samples.value = progress.samples;
      if (progress.reconstructions !== undefined) this.reconstructions.value = progress.reconstructions;
    };
    const told = (computing: Computing) => {
      this.computing.value = computing;
    };
    try {
      await this.startFor(choice);
      const wanted = { choice, measured: new Map(measured.peek()) };
      const done = await this.made.remote.train(settings, wanted, proxy(heard), proxy(told));
      keepMeasured(done.measured);
      this.state.value = done.steps > 0 ? "trained" : "ready";
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

  /** Starts a worker anew where a choice wants it to have more. */
  private async startFor(choice: BackendChoice): Promise<void> {
    const more = await textFor(choice);
    if (more === "" || more === this.started) return;
    this.made.worker.terminate();
    this.made = startEngine(more);
    this.started = more;
    await this.source?.();
  }

  private async take(count: number, how: () => Promise<Pixels>): Promise<void> {
    this.state.value = "busy";
    this.problem.value = undefined;
    this.source = how;
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
