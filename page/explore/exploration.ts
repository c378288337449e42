import { effect, type Signal, signal } from "@preact/signals";
import { proxy, type Remote, transfer } from "comlink";
import type { BackendChoice } from "../../src/browser/choose_backend.ts";
import type { Pixels } from "../../src/browser/pixels.ts";
import type { Dimension } from "../../src/explore/dimensions.ts";
import { toProbabilities } from "../../src/explore/variables.ts";
import { keepMeasured, measured } from "../computing.ts";
import type { Computing } from "../engine/computing.ts";
import type { Opened } from "../engine/explorer.ts";
import { startEngine } from "../engine/start.ts";
import { textFor } from "../engine/webgpu_text.ts";
import type { Engine } from "../engine/worker.ts";

/** A model that is explored: where one is in its latent space, and the picture there. */
export class Exploration {
  /** The latents, [D]; replaced when they change. */
  readonly z: Signal<Float32Array>;
  /** Of a model that is conditioned on labels, theirs, [L]. */
  readonly condition: Signal<Float32Array | undefined>;
  /** Places that a way leads along, two or more. */
  readonly way: Signal<readonly Float32Array[]>;
  readonly picture = signal<Pixels | undefined>(undefined);
  /** Milliseconds that the last picture took from its latents. */
  readonly took = signal<number | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  private decoding = false;
  private wanted = false;
  private readonly stop: () => void;

  private constructor(
    readonly opened: Opened,
    readonly engine: Remote<Engine>,
    private readonly worker: Worker,
    readonly computing: Signal<Computing>,
    before: Exploration | undefined,
  ) {
    this.z = signal(before?.z.peek() ?? this.placeOf(0));
    this.condition = signal(before ? before.condition.peek() : this.labelsOf(0));
    this.way = signal(before?.way.peek() ?? [this.placeOf(0), this.placeOf(Math.min(1, this.count - 1))]);
    this.stop = effect(() => {
      void [this.z.value, this.condition.value];
      void this.decode();
    });
  }

  /**
   * The model in a file, computed by what is chosen; where another computed it `before`, one stays where one was.
   *
   * @throws Error where the file is no model, or the browser can't run it
   */
  static async open(
    file: Uint8Array,
    choice: BackendChoice,
    before: Exploration | undefined,
  ): Promise<Exploration> {
    const { worker, remote: engine } = startEngine(await textFor(choice));
    try {
      const wanted = { choice, measured: new Map(measured.peek()) };
      const computing = signal<Computing>({ device: "" });
      const tell = proxy((told: Computing) => {
        computing.value = told;
      });
      const opened = await engine.open(transfer(file, [file.buffer]), wanted, tell);
      computing.value = opened.computing;
      keepMeasured(opened.measured);
      return new Exploration(opened, engine, worker, computing, before);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  get card() {
    return this.opened.card;
  }

  /** Numbers of z. */
  get dims(): number {
    return this.card.layout.size;
  }

  /** Validation images that there are places of. */
  get count(): number {
    return this.opened.places.length / this.dims;
  }

  /** Where a validation image is decoded from. */
  placeOf(image: number): Float32Array {
    return this.opened.places.slice(image * this.dims, (image + 1) * this.dims);
  }

  /** Goes to a validation image, its labels too. */
  goTo(image: number): void {
    this.condition.value = this.labelsOf(image);
    this.z.value = this.placeOf(image);
  }

  /** Sets a dimension, or the value of a categorical variable. */
  set({ index, values }: Dimension, value: number): void {
    const z = this.z.value.slice();
    if (values === undefined) z[index] = value;
    else z.fill(0, index, index + values)[index + value] = 1;
    this.z.value = z;
  }

  /** Goes to numbers of one's own, of categorical variables brought back among probabilities. */
  goToNumbers(z: Float32Array): void {
    toProbabilities(z, this.card.layout);
    this.z.value = z;
  }

  /** Goes to the mean of validation images' places. */
  goToMean(images: readonly number[]): void {
    const mean = new Float32Array(this.dims);
    for (const image of images)
      this.placeOf(image).forEach((v, i) => {
        mean[i]! += v / images.length;
      });
    this.z.value = mean;
  }

  /** Lays the way along validation images, and goes to the first. */
  goAlong(images: readonly number[]): void {
    this.way.value = images.map((image) => this.placeOf(image));
    this.z.value = this.placeOf(images[0]!);
  }

  /** Sets a label that the model is conditioned on. */
  setCondition(column: number, value: number): void {
    const labels = this.condition.value!.slice();
    labels[column] = value;
    this.condition.value = labels;
  }

  close(): void {
    this.stop();
    this.worker.terminate();
  }

  /** The labels of a validation image, where the model wants some. */
  private labelsOf(image: number): Float32Array | undefined {
    const width = this.card.labels?.length ?? 0;
    if (this.card.conditions === undefined) return undefined;
    return this.opened.labels?.slice(image * width, (image + 1) * width);
  }

  /** The picture at the latents of now; those that changed meanwhile are skipped. */
  private async decode(): Promise<void> {
    this.wanted = true;
    if (this.decoding) return;
    this.decoding = true;
    try {
      while (this.wanted) {
        this.wanted = false;
        const started = performance.now();
        this.picture.value = await this.engine.decode(this.z.peek(), this.condition.peek());
        this.took.value = performance.now() - started;
      }
    } catch (error) {
      this.problem.value = (error as Error).message;
    } finally {
      this.decoding = false;
    }
  }
}
