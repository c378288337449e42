import { RowTable } from "../../backends/compiler.ts";
import type { Config } from "../../config/schema.ts";
import type { HostBatch } from "../../data/loader.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import type { VAE } from "../../models/vae.ts";
import { tf } from "../../tf.ts";
import type { StepBatch } from "./batch.ts";
import { openStore, type RecordStore } from "./record_store.ts";

export interface CacheOptions {
  readonly kind: "off" | "memory" | "disk";
  /** Training images there are. */
  readonly images: number;
  /** Bytes at most; what goes beyond is computed at each step. */
  readonly limit: number;
  /** Folder of the file of a disk cache, which is gone when the process ends. */
  readonly folder: string;
}

/** The parts of a record, with the shape of one image's and their place. */
interface Layout {
  readonly parts: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly at: number;
    readonly size: number;
    /** What a backend may keep of the part on its device. */
    readonly table: RowTable;
  }[];
  readonly length: number;
}

/**
 * What `VAE.precompute` gives of training images (features of a frozen network), computed once an image and kept from
 * epoch to epoch. A run that is resumed computes them anew, in other batches; for the same bits each image is computed
 * by itself (a library's matrix products may end in another way at the end of a batch), and which images are kept
 * follows from their place in the split alone.
 */
export class PrecomputeCache {
  private layout: Layout | undefined;
  private store: RecordStore | undefined;
  private said = false;

  constructor(
    private readonly vae: VAE,
    private readonly options: CacheOptions,
    private readonly say: (text: string) => void,
  ) {}

  /** The batch with what is precomputed of it; as it is where nothing is, or the cache has no room for one of them. */
  async complete(host: HostBatch): Promise<StepBatch> {
    if (this.options.kind === "off" || this.vae.precompute === undefined) return host;
    const indices = [...host.indices];
    if (!this.hasRoomFor(Math.max(...indices))) return host;
    const records = new Map<number, Float32Array>();
    for (const [row, index] of indices.entries()) {
      const kept = this.store?.has(index) === true;
      const record = kept ? await this.store!.read(index) : this.compute(host, row);
      if (!this.hasRoomFor(Math.max(...indices))) return host; // the first record says how large they are
      if (!kept) {
        this.store ??= await openStore(this.options, record.byteLength);
        await this.store.write(index, record);
      }
      records.set(index, record);
    }
    const precomputed = this.layout!.parts.map(({ name, shape, at, size, table }) => {
      const joined = () => {
        const values = new Float32Array(size * indices.length);
        indices.forEach((index, i) => {
          values.set(records.get(index)!.subarray(at, at + size), i * size);
        });
        return values;
      };
      // Now, while a step runs, and not when the next one waits for them; those that a backend keeps only if asked for.
      const now = indices.every((index) => table.kept.has(index)) ? undefined : joined();
      const tensor = {
        shape: [indices.length, ...shape],
        dtype: "float32" as const,
        get values() {
          return now ?? joined();
        },
        rows: { table, indices },
      };
      return [name, tensor] as const;
    });
    return { ...host, precomputed: Object.fromEntries(precomputed) };
  }

  async close(): Promise<void> {
    for (const { table } of this.layout?.parts ?? []) table.close();
    await this.store?.close();
  }

  /** Whether the images up to `index` fit; says once where they don't. */
  private hasRoomFor(index: number): boolean {
    if (this.layout === undefined) return true;
    const bytes = this.layout.length * 4;
    const images = Math.floor(this.options.limit / bytes);
    if (index < images) return true;
    if (!this.said) this.say(fullNote(images, bytes));
    this.said = true;
    return false;
  }

  /** The record of one image of a batch. */
  private compute({ images, shape: [, ...ofOne] }: HostBatch, row: number): Float32Array {
    const pixels = tf.util.sizeFromShape(ofOne);
    const image = tf.tensor4d(images.subarray(row * pixels, (row + 1) * pixels), [1, ...ofOne]);
    const made = tf.tidy(() => this.vae.precompute!(image));
    const values = Object.entries(made).map(([name, t]) => [name, t.shape, t.dataSync()] as const);
    tf.dispose([image, ...Object.values(made)]);
    this.layout ??= this.layoutOf(values.map(([name, shape]) => [name, shape.slice(1)]));
    const record = new Float32Array(this.layout.length);
    for (const [i, { at }] of this.layout.parts.entries()) record.set(values[i]![2] as Float32Array, at);
    return record;
  }

  private layoutOf(shapes: readonly (readonly [name: string, shape: readonly number[]])[]): Layout {
    let length = 0;
    const places = shapes.map(([name, shape]) => {
      const at = length;
      const size = tf.util.sizeFromShape([...shape]);
      length += size;
      return { name, shape, at, size };
    });
    const count = Math.min(this.options.images, Math.floor(this.options.limit / (4 * length)));
    return { parts: places.map((place) => ({ ...place, table: new RowTable(count) })), length };
  }
}

function fullNote(images: number, bytes: number): string {
  return (
    `note   data_params.feature_cache has room for ${images} images of ${(bytes / 1e3).toFixed(0)} kB: batches with ` +
    "others are computed at each step. Raise data_params.feature_cache_gb to keep more."
  );
}

/** The cache that `data_params` asks for, of so many training images. */
export function createPrecomputeCache(
  { data_params: data }: Config,
  { vae, images }: { readonly vae: VAE; readonly images: number },
  say: (text: string) => void,
): PrecomputeCache {
  const { feature_cache, feature_cache_gb, horizontal_flip, binarize } = data;
  const changes = horizontal_flip
    ? "horizontal_flip"
    : binarize === "dynamic"
      ? "binarize: dynamic"
      : undefined;
  if (feature_cache !== "off" && vae.precompute !== undefined && changes !== undefined)
    say(`note   data_params.feature_cache is off, since ${changes} changes the images`);
  const kind = changes === undefined ? feature_cache : "off";
  const folder = kind === "disk" ? cacheDir("features") : "";
  return new PrecomputeCache(vae, { kind, images, limit: feature_cache_gb * 1e9, folder }, say);
}
