import { randomBytes } from "node:crypto";
import { mkdirSync, unlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { writeProblem } from "../atomic_file.ts";
import { cacheDir } from "../cache_dir.ts";
import type { Config } from "../config/schema.ts";
import type { HostBatch } from "../data/loader.ts";
import type { VAE } from "../models/vae.ts";
import { fill, writeAll } from "../positional_file.ts";
import { tf } from "../tf.ts";
import { type PreparedBatch, withTensors } from "./batch.ts";

export interface CacheOptions {
  readonly kind: "off" | "memory" | "disk";
  /** Bytes at most; what goes beyond is computed at each step. */
  readonly limit: number;
  /** Folder of the file of a disk cache, which is gone when the process ends. */
  readonly folder: string;
}

/** Keeps a training image's record of float32 numbers by its place in the split. */
interface Store {
  has(index: number): boolean;
  /** The record, which nobody changes. */
  read(index: number): Promise<Float32Array>;
  write(index: number, record: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** The parts of a record, with the shape of one image's and their place. */
interface Layout {
  readonly parts: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly at: number;
    readonly size: number;
  }[];
  readonly length: number;
}

/**
 * What `VAE.precompute` gives of training images (features of a frozen network), computed once an image and
 * kept from epoch to epoch.
 */
export class PrecomputeCache {
  private layout: Layout | undefined;
  private store: Store | undefined;
  private full = false;
  private kept = 0;

  constructor(
    private readonly vae: VAE,
    private readonly options: CacheOptions,
    private readonly say: (text: string) => void,
  ) {}

  /** The batch with what is precomputed of it; as it is where nothing is, or the cache is off or full. */
  async complete(host: HostBatch): Promise<PreparedBatch> {
    if (this.options.kind === "off" || this.vae.precompute === undefined) return host;
    const indices = [...host.indices];
    const missing = indices.filter((index) => this.store?.has(index) !== true);
    if (missing.length > 0 && this.full) return host;
    if (missing.length > 0) return this.compute(host);
    const records = await Promise.all(indices.map((index) => this.store!.read(index)));
    const precomputed = this.layout!.parts.map(({ name, shape, at, size }) => {
      const values = new Float32Array(size * records.length);
      records.forEach((record, i) => {
        values.set(record.subarray(at, at + size), i * size);
      });
      return [name, { shape: [records.length, ...shape], dtype: "float32" as const, values }] as const;
    });
    return { ...host, precomputed: Object.fromEntries(precomputed) };
  }

  async close(): Promise<void> {
    await this.store?.close();
  }

  /** Computes a batch and keeps as much of it as the limit allows. */
  private async compute(host: HostBatch): Promise<PreparedBatch> {
    const made = withTensors(host, ({ images }) => tf.tidy(() => this.vae.precompute!(images)));
    const precomputed = Object.fromEntries(
      Object.entries(made).map(([name, t]) => {
        const values = t.dataSync() as Float32Array;
        return [name, { shape: t.shape, dtype: "float32" as const, values }];
      }),
    );
    tf.dispose(Object.values(made));
    this.layout ??= layoutOf(precomputed);
    const { parts, length } = this.layout;
    this.store ??= await openStore(this.options, length * 4);
    for (const [row, index] of [...host.indices].entries()) {
      if (this.store.has(index)) continue;
      if ((this.kept + 1) * length * 4 > this.options.limit) {
        this.say(this.fullNote(length * 4));
        this.full = true;
        break;
      }
      const record = new Float32Array(length);
      for (const { name, at, size } of parts) {
        record.set(precomputed[name]!.values.subarray(row * size, (row + 1) * size) as Float32Array, at);
      }
      await this.store.write(index, record);
      this.kept++;
    }
    return { ...host, precomputed };
  }

  private fullNote(bytes: number): string {
    return (
      `note   data_params.feature_cache is full with ${this.kept} images of ${(bytes / 1e3).toFixed(0)} kB: ` +
      "the others are computed at each step. Raise data_params.feature_cache_gb to keep more."
    );
  }
}

/** The cache that `data_params` asks for. */
export function createPrecomputeCache({ data_params: data }: Config, vae: VAE, say: (text: string) => void) {
  const { feature_cache, feature_cache_gb, horizontal_flip } = data;
  if (feature_cache !== "off" && vae.precompute !== undefined && horizontal_flip)
    say("note   data_params.feature_cache is off, since horizontal_flip changes the images");
  const kind = horizontal_flip ? "off" : feature_cache;
  return new PrecomputeCache(vae, { kind, limit: feature_cache_gb * 1e9, folder: cacheDir("features") }, say);
}

function layoutOf(precomputed: NonNullable<PreparedBatch["precomputed"]>): Layout {
  let length = 0;
  const parts = Object.entries(precomputed).map(([name, { shape }]) => {
    const ofOne = shape.slice(1);
    const at = length;
    const size = tf.util.sizeFromShape(ofOne);
    length += size;
    return { name, shape: ofOne, at, size };
  });
  return { parts, length };
}

async function openStore({ kind, folder }: CacheOptions, bytes: number): Promise<Store> {
  return kind === "disk" ? openDisk(folder, bytes) : inMemory();
}

function inMemory(): Store {
  const records = new Map<number, Float32Array>();
  return {
    has: (index) => records.has(index),
    read: async (index) => records.get(index)!,
    write: async (index, record) => void records.set(index, record),
    close: async () => records.clear(),
  };
}

/** A file without a name: it takes its room until the process ends, however that happens. */
async function openDisk(folder: string, bytes: number): Promise<Store> {
  const file = join(folder, `features-${randomBytes(6).toString("hex")}.tmp`);
  try {
    mkdirSync(folder, { recursive: true });
    const handle = await open(file, "wx+");
    unlinkSync(file);
    const places = new Map<number, number>();
    return {
      has: (index) => places.has(index),
      read: async (index) => {
        const record = new Float32Array(bytes / 4);
        await fill(handle, new Uint8Array(record.buffer), places.get(index)! * bytes);
        return record;
      },
      write: async (index, record) => {
        const place = places.size;
        try {
          await writeAll(handle, new Uint8Array(record.buffer), place * bytes);
        } catch (error) {
          throw writeProblem(file, error);
        }
        places.set(index, place);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw writeProblem(file, error);
  }
}
