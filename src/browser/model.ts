import { GpuError } from "../backends/webgpu/gpu_error.ts";
import { labelRows } from "../data/label_rows.ts";
import { memoryStore, range, splitOf } from "../data/store.ts";
import { CheckpointError } from "../errors.ts";
import { assignTensors } from "../experiment/runs/assign_tensors.ts";
import { densityImages } from "../explore/density_images.ts";
import type { Images } from "../explore/images.ts";
import { decodeVectors, encodeImages, type Latents } from "../explore/latents.ts";
import { reconstruct, sample } from "../explore/pictures.ts";
import { readSafetensors, type Safetensors } from "../formats/safetensors.ts";
import { disposeModel } from "../models/dispose_model.ts";
import { getModel } from "../models/registry.ts";
import type { VAE } from "../models/vae.ts";
import { FORMAT, type ModelCard, TENSORS } from "../publish/packed_model.ts";
import { Rng } from "../rng.ts";
import type { DrawImages, LatentDensity, State } from "../samplers/define.ts";
import { samplerNamed } from "../samplers/registry.ts";
import { type Backend, computeOn, describeBackend } from "./backend.ts";
import { type BackendOptions, medianTime, onChosen } from "./choose_backend.ts";

export interface OpenOptions extends BackendOptions {
  /** Of the file, for what is said of it. */
  readonly name?: string;
}

export interface SampleOptions {
  /** Of all randomness; default: the run's. */
  readonly seed?: number;
  /** Factor on normal noise, 1 where left out. */
  readonly temperature?: number;
  /** One of the card's; the model's own prior where left out. */
  readonly sampler?: string;
  /** Values of labels by column, for a model that is conditioned on them. */
  readonly labels?: ReadonlyMap<number, number>;
}

type Tensors = Safetensors["tensors"];

/** A model on the backend that computes it. */
interface Built {
  readonly backend: Backend;
  /** The backend in words. */
  readonly device: string;
  readonly vae: VAE;
}

/**
 * A trained model, as `vae publish` packed it. Images are packed floats in the card's range, latents rows of its layout. Where a
 * GPU is lost while it computes, wasm goes on in its place.
 */
export class Model {
  /** Samplers in use, opened at their first draw. */
  private readonly densities = new Map<string, LatentDensity>();
  private rebuilding: Promise<void> | undefined;

  private constructor(
    readonly card: ModelCard,
    private readonly tensors: Tensors,
    private built: Built,
    private readonly say: (sentence: string) => void,
  ) {}

  /**
   * @throws CheckpointError, DataError where `file` is no such model, EngineError where the browser has not the backend that
   * is asked for
   */
  static async open(file: Uint8Array, options: OpenOptions = {}): Promise<Model> {
    const { name = "model", say = () => {} } = options;
    const { tensors, metadata } = readSafetensors(file, name);
    if (metadata.format !== FORMAT)
      throw new CheckpointError(
        `${name}: expected a model that vae publish packed (format "${FORMAT}"), got ${metadata.format ?? "another file"}.`,
      );
    const card = JSON.parse(metadata.card!) as ModelCard;
    const built = await onChosen(
      options,
      {
        of: ["decode", card.model, card.params, card.imageShape],
        what: "a decode",
        time: (backend) => decodeTime(backend, card, tensors, name),
      },
      (backend) => buildOn(backend, card, tensors, name),
    );
    return new Model(card, tensors, built, say);
  }

  /** What computes. */
  get backend(): Backend {
    return this.built.backend;
  }

  /** What computes, in words. */
  get device(): string {
    return this.built.device;
  }

  get vae(): VAE {
    return this.built.vae;
  }

  /** What the model makes of images, as `vae encode` gives it. */
  encode(images: Images, seed = this.card.seed): Promise<Latents> {
    return this.compute((vae) => encodeImages(vae, images, Rng.fromSeed(seed).fold("encode")));
  }

  /** The images of rows of latents, packed [N, D]; `labels` [N, L] for a model that is conditioned on some. */
  decode(latents: Float32Array, labels?: Float32Array): Promise<Images> {
    const rng = Rng.fromSeed(this.card.seed).fold("decode");
    return this.compute((vae) => decodeVectors(vae, this.card.layout, latents, { rng, labels }));
  }

  /** The images decoded from the posterior's mean or mode. */
  reconstruct(images: Images): Promise<Images> {
    const rng = Rng.fromSeed(this.card.seed).fold("reconstruct");
    return this.compute((vae) => reconstruct(vae, images, rng));
  }

  /** What `vae sample` draws by the same seed, sampler and temperature. @throws UserError */
  sample(
    count: number,
    { seed = this.card.seed, temperature = 1, sampler, labels = new Map() }: SampleOptions = {},
  ): Promise<Images> {
    const rng = Rng.fromSeed(seed).fold("samples");
    return this.compute(async (vae) => {
      const draw = sampler === undefined ? undefined : this.sampler(sampler);
      return sample(vae, count, rng, { temperature, given: labels, draw });
    });
  }

  /** Validation images as they were, in the card's range, with their labels. */
  originals(): Images {
    const { data, shape } = this.tensors.get(TENSORS.images)!;
    const [low, high] = this.card.imageRange;
    const labels = this.labels();
    const [count, ...size] = shape as [number, number, number, number];
    return {
      images: Float32Array.from(data as Uint8Array, (byte) => low + ((high - low) * byte) / 255),
      shape: [count, ...size],
      ...(labels && { labels: labels.subarray(0, count * this.card.labels!.length) }),
    };
  }

  /** Where validation images are decoded from, packed [N, D]. */
  places(): Float32Array {
    return this.tensors.get(TENSORS.places)!.data as Float32Array;
  }

  /** Of a model whose z is a grid of codes those of the images of `places`, packed [N, h, w]. */
  codes(): { readonly shape: readonly number[]; readonly data: Int32Array } | undefined {
    return this.tensors.get(TENSORS.codes) as { shape: number[]; data: Int32Array } | undefined;
  }

  /** Labels of the images of `places`, packed [N, L]. */
  labels(): Float32Array | undefined {
    return this.tensors.get(TENSORS.labels)?.data as Float32Array | undefined;
  }

  /** The images of `places` small in one picture: a WebP file. */
  sprite(): Uint8Array {
    return this.tensors.get(TENSORS.sprite)!.data as Uint8Array;
  }

  dispose(): void {
    for (const density of this.densities.values()) density.dispose();
    this.densities.clear();
    disposeModel(this.vae);
  }

  /** On the backend, and where that is a GPU that is lost meanwhile, on wasm. */
  private async compute<T>(f: (vae: VAE) => Promise<T>): Promise<T> {
    const { backend, vae } = this.built;
    try {
      return await computeOn(backend, () => f(vae));
    } catch (error) {
      if (!(error instanceof GpuError)) throw error;
      this.rebuilding ??= this.leaveGpu(error);
      await this.rebuilding;
      return this.compute(f);
    }
  }

  private async leaveGpu({ message }: GpuError): Promise<void> {
    this.dispose();
    this.built = await buildOn("wasm", this.card, this.tensors, this.card.title);
    this.say(`${message}. wasm computes from here on.`);
  }

  private sampler(name: string): DrawImages | undefined {
    const definition = samplerNamed(name);
    if (definition.kind !== "density") return undefined;
    const packed = this.card.samplers.find((sampler) => sampler.name === name);
    if (packed === undefined) throw new CheckpointError(`this model has no sampler "${name}"`);
    const { layout } = this.card;
    let density = this.densities.get(name);
    if (density === undefined) {
      density = definition.open(stateOf(name, this.tensors), layout.size, packed.options as never);
      this.densities.set(name, density);
    }
    return densityImages(this.vae, layout, density);
  }
}

/** What was fitted, by name. */
function stateOf(sampler: string, tensors: Tensors): State {
  const prefix = `sampler.${sampler}.`;
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])) as State;
}

async function buildOn(backend: Backend, card: ModelCard, tensors: Tensors, name: string): Promise<Built> {
  const device = await describeBackend(backend);
  const vae = await computeOn(backend, async () => {
    const made = await build(card, tensors);
    assignTensors(
      name,
      [...made.params].map(([param, { value }]) => [`model.${param}`, value]),
      tensors,
    );
    return made;
  });
  return { backend, device, vae };
}

/** Milliseconds of one image's decoding. */
async function decodeTime(
  backend: Backend,
  card: ModelCard,
  tensors: Tensors,
  name: string,
): Promise<number> {
  const { vae } = await buildOn(backend, card, tensors, name);
  const place = (tensors.get(TENSORS.places)!.data as Float32Array).subarray(0, card.layout.size);
  const all = tensors.get(TENSORS.labels)?.data as Float32Array | undefined;
  const labels = card.conditions && all?.subarray(0, card.labels!.length);
  const rng = Rng.fromSeed(card.seed);
  try {
    return await medianTime(() =>
      computeOn(backend, () => decodeVectors(vae, card.layout, place, { rng, labels })),
    );
  } finally {
    disposeModel(vae);
  }
}

async function build(card: ModelCard, tensors: Tensors): Promise<VAE> {
  const definition = getModel(card.model);
  if (definition === undefined)
    throw new CheckpointError(`expected a model of this project, got ${card.model}, which a plugin defines.`);
  const { imageShape, imageRange, convention, natWeight, seed, labels = [] } = card;
  return definition.build({
    params: card.params as never,
    imageShape,
    imageRange,
    convention,
    natWeight,
    labels: async () => labels,
    drawLabels: () => {
      const values = tensors.get(TENSORS.labels)!.data as Float32Array;
      const places = range(0, values.length / labels.length);
      const split = splitOf(memoryStore(new Uint8Array(), 0), places, { values, width: labels.length });
      return labelRows(split, labels.length);
    },
    trainingImages: () => card.trained.images,
    rng: Rng.fromSeed(seed).fold("weights"),
    baseDir: "",
    withoutLoss: true,
  });
}
