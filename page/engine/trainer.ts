import { transfer } from "comlink";
import { type Backend, computeOn, describeBackend } from "../../src/browser/backend.ts";
import type { Measured } from "../../src/browser/choose_backend.ts";
import { type Pixels, toPixels } from "../../src/browser/pixels.ts";
import { type Trained, train } from "../../src/browser/train.ts";
import { firstImages, type TrainingImages } from "../../src/browser/training_images.ts";
import { FACTORS, SHAPES } from "../../src/data/shapes3d/factors.ts";
import { renderShapes3d } from "../../src/data/shapes3d/render.ts";
import type { StepMetrics } from "../../src/experiment/training/loggers/step_metrics.ts";
import { reconstruct, sample } from "../../src/explore/pictures.ts";
import type { VAE } from "../../src/models/vae.ts";
import { Rng } from "../../src/rng.ts";
import { tf } from "../../src/tf.ts";
import { type Computing, orWasm, type Wanted } from "./computing.ts";

export interface Settings {
  readonly name: string;
  readonly latent_dim: number;
  readonly LR: number;
  readonly batchSize: number;
  readonly steps: number;
}

/** How far training is; pictures come every few steps. */
export interface Progress {
  readonly step: number;
  readonly total: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly imagesPerSecond: number;
  readonly samples?: Pixels;
  /** The same images each time, and below each what becomes of it. */
  readonly reconstructions?: Pixels;
}

const SHOWN = 8;
const PICTURES_EVERY = 20;

let data: TrainingImages | undefined;
let trained: Trained | undefined;
let abort: AbortController | undefined;

/** What the worker does for the page. */
export const trainer = {
  /** Rendered scenes: `count` of them, of `side` pixels. */
  render(count: number, side: number): Pixels {
    const rng = Rng.fromSeed(0).fold("scenes");
    const labels = new Float32Array(count * FACTORS.length);
    FACTORS.forEach(([, values], f) => {
      rng
        .fold(f)
        .uniformArray(count)
        .forEach((u, n) => {
          labels[n * FACTORS.length + f] = Math.floor(u * values);
        });
    });
    const images = renderShapes3d(labels, side);
    const labelColumns = FACTORS.map(([name, values]) => ({
      name,
      values,
      ...(name === "shape" && { valueNames: [...SHAPES] }),
    }));
    data = { images, shape: [count, side, side, 3], labels, labelColumns };
    return firstOf(data);
  },

  /** Images of the visitor's, RGB, packed. */
  give(images: Uint8Array, side: number): Pixels {
    data = { images, shape: [images.length / (3 * side * side), side, side, 3] };
    return firstOf(data);
  },

  /**
   * Trains until the steps are done or `stop` is called; returns the steps that were, and what was measured. `tell` is called when
   * it is known what computes.
   */
  async train(
    settings: Settings,
    wanted: Wanted,
    say: (progress: Progress) => void,
    tell: (computing: Computing) => void,
  ): Promise<{ steps: number; measured: ReadonlyMap<string, Measured> }> {
    trained?.dispose();
    trained = undefined;
    abort = new AbortController();
    const { name, latent_dim, LR, batchSize, steps } = settings;
    const given = data!;
    const { signal } = abort;
    let before = performance.now();
    let note: string | undefined;
    let times = wanted.measured;
    const hear = (sentence: string) => {
      note = sentence;
    };
    const options = {
      model_params: { name, latent_dim, hidden_dims: [16, 32, 64, 128], decoder: "upsample" },
      exp_params: { LR, scheduler: "cosine", lr_warmup_steps: 20 },
      data: given,
      batchSize: Math.min(batchSize, given.shape[0]),
      steps,
      signal,
      async onStep(step: number, { total, terms }: StepMetrics, vae: VAE) {
        const backend = tf.getBackend() as Backend;
        if (step === 1) tell({ device: await describeBackend(backend), ...(note !== undefined && { note }) });
        const pictured = step % PICTURES_EVERY === 0 || step === 1 || step === steps;
        const imagesPerSecond = (1000 * batchSize) / (performance.now() - before);
        const pictures = pictured && (await computeOn(backend, () => picturesOf(vae, given)));
        say({ step, total, terms, imagesPerSecond, ...pictures });
        before = performance.now();
      },
    };
    trained = await orWasm(wanted, hear, (computing) => {
      times = computing.measured;
      return train({ ...options, ...computing });
    });
    return { steps: trained.steps, measured: times };
  },

  stop(): void {
    abort?.abort();
  },

  /** What was trained, for the explorer. */
  async pack(title: string): Promise<Uint8Array> {
    const file = await trained!.pack(title);
    return transfer(file, [file.buffer]);
  },
};

function firstOf({ images, shape: [count, ...size] }: TrainingImages): Pixels {
  return toPixels(images, [Math.min(SHOWN, count), ...size], [0, 255]);
}

async function picturesOf(vae: VAE, data: TrainingImages) {
  const rng = Rng.fromSeed(1).fold("shown");
  const drawn = vae.sample && (await sample(vae, SHOWN, rng));
  const made = await reconstruct(vae, firstImages(data, SHOWN), rng);
  return {
    ...(drawn && { samples: toPixels(drawn.images, drawn.shape, [0, 1]) }),
    reconstructions: toPixels(made.images, made.shape, [0, 1]),
  };
}
