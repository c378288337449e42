import { createHash } from "node:crypto";
import { ConfigError, DataError } from "../../errors.ts";
import type { Rng } from "../../rng.ts";
import type { Dataset, Examples, OpenArgs, Split } from "../dataset.ts";
import { decodeImage, type ImageTransform } from "../image_folder/decode.ts";
import { checkShare, type Skipped } from "../image_folder/pack.ts";
import { printable } from "../image_folder/words.ts";
import { ordered } from "../ordered.ts";
import { openPacked, type Packed, type PackWriter } from "../packed.ts";
import type { Sample, Shard } from "./samples.ts";
import { shuffledNearby } from "./shuffle.ts";

/** Raise it when what the index holds changes. */
const VERSION = 2;
/** A row of the index: offset (float64), size and shard (uint32), then a float32 a label; little-endian. */
const ROW = 16;
/** Samples looked at at a time, and rows of a group at most. */
const SOME = 4096;

type Part = 0 | 1 | 2;

/** Rows of a shard that were written at a time: first those of training, then of validation, then of test; how many of each. */
type Group = readonly [shard: number, train: number, val: number, test: number];

export interface Stream {
  /** The data set's name. */
  readonly name: string;
  /** Where it lies, for messages. */
  readonly place: string;
  readonly shards: readonly Shard[];
  /** Names of the labels' columns. */
  readonly labelNames: readonly string[];
  readonly transform: ImageTransform;
  readonly check: boolean;
  readonly shuffle_buffer: number;
  readonly splits: { readonly val: number; readonly test: number };
  readonly num_workers: number;
  readonly max_bad_share: number;
  /** Lets go of what its shards hold. */
  close(): void;
}

interface Meta {
  readonly skipped: readonly Skipped[];
  /** All images, those that were skipped too. */
  readonly all: number;
  /** Of each column, its texts in order of their numbers; undefined where they are numbers. */
  readonly texts: readonly (readonly string[] | undefined)[];
  /** How many values each takes; undefined where some are no whole numbers from 0 on. */
  readonly counts: readonly number[] | undefined;
  readonly groups: readonly Group[];
}

/**
 * A data set whose images stay where they are. What is kept of them is an index, a row an image of where it lies, its part
 * and its labels, made once and cached: so any image can be read by its number, a resumed run reads what an unbroken one
 * would, and memory holds an index and a batch, however many images there are.
 *
 * @throws DataError where images are missing or too many can't be read
 */
export async function openStream(stream: Stream, args: OpenArgs): Promise<Dataset> {
  const { name, shards, labelNames, transform, check, splits, place } = stream;
  const width = labelNames.length;
  const recordBytes = ROW + 4 * width;
  const index = await openPacked(
    {
      name,
      key: {
        version: VERSION,
        shards: shards.map(({ file, bytes, mtimeMs }) => [file, bytes, mtimeMs]),
        labelNames,
        check: check && transform, // what is too small depends on it
        splits,
      },
      shape: [1, 1, recordBytes],
      capacity: Number.POSITIVE_INFINITY,
      make: (writer) => makeIndex(writer, stream, recordBytes),
    },
    args,
  );
  const meta = index.meta as Meta;
  try {
    checkShare(meta.skipped, meta.all, stream.max_bad_share, place);
    const split = (part: Part) => splitOf(stream, index, placesOf(meta.groups, part), recordBytes);
    const [train, val, test] = [split(0), split(1), split(2)];
    if (train.size === 0) throw new DataError(`${place}: expected images for training, got none.`);
    const { size, channels } = transform;
    return {
      name,
      imageShape: [size, size, channels],
      splits: { train, val, test },
      splitNote: `By a hash of each image's name: ${train.size} train, ${val.size} val, ${test.size} test, in ${shards.length} shard${shards.length > 1 ? "s" : ""}.`,
      labelNames,
      ...(meta.counts && width > 0 && { labelValues: meta.counts }),
      ...(width > 0 && { valueNames: meta.texts.map((texts) => texts ?? undefined) }),
      skipped: meta.skipped.map(({ path, reason }) => `${printable(path)}: ${reason}`),
      close: async () => {
        stream.close();
        await index.close();
      },
    };
  } catch (error) {
    stream.close();
    await index.close();
    throw error;
  }
}

async function makeIndex(
  { put }: PackWriter,
  { shards, transform, check, splits, labelNames, num_workers, max_bad_share, place }: Stream,
  recordBytes: number,
): Promise<{ count: number; meta: Meta }> {
  const skipped: Skipped[] = [];
  const columns = labelNames.map(() => new Column());
  let all = 0;
  let count = 0;
  const groups: Group[] = [];
  let waiting: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
  const flush = async (shard: number) => {
    const rows = waiting.flat();
    if (rows.length === 0) return;
    await put(count - rows.length, Buffer.concat(rows));
    groups.push([shard, waiting[0].length, waiting[1].length, waiting[2].length]);
    waiting = [[], [], []];
  };
  type Looked = { sample: Sample; labels: readonly (number | string)[] } | Skipped;
  const look = async (sample: Sample, shard: Shard): Promise<Looked> => {
    const path = sample.key;
    if (sample.image === undefined) return { path, reason: "no image" };
    const labels = await sample.labels();
    if (typeof labels === "string") return { path, reason: labels };
    try {
      if (check) await decodeImage(await shard.image(sample.image.offset, sample.image.size), transform);
      return { sample, labels };
    } catch (error) {
      return {
        path,
        reason: (error as Error).message.split("\n", 1)[0]!.replace(/^Input (file|buffer) /, ""),
      };
    }
  };
  for (const [number, shard] of shards.entries()) {
    const samples = shard.samples();
    for (let ended = false; !ended; ) {
      const some: Sample[] = [];
      while (some.length < SOME && !ended) {
        const { done, value } = await samples.next();
        if (done) ended = true;
        else some.push(value);
      }
      const looks = ordered(some.length, 2 * Math.max(1, num_workers), (i) => look(some[i]!, shard));
      for await (const looked of looks) {
        all++;
        if ("reason" in looked) {
          skipped.push(looked);
          continue;
        }
        const { sample, labels } = looked;
        const row = Buffer.alloc(recordBytes);
        row.writeDoubleLE(sample.image!.offset, 0);
        row.writeUInt32LE(sample.image!.size, 8);
        row.writeUInt32LE(number, 12);
        columns.forEach((column, c) => {
          row.writeFloatLE(column.number(labels[c]!), ROW + 4 * c);
        });
        waiting[partOf(sample.key, splits)].push(row);
        count++;
      }
      await flush(number);
      checkShare(skipped, Math.max(all, SOME), max_bad_share, place);
    }
  }
  const counts = columns.map((column) => column.count);
  const whole = counts.every((n) => n !== undefined);
  return {
    count,
    meta: {
      skipped,
      all,
      texts: columns.map((column) => column.texts),
      counts: whole ? (counts as number[]) : undefined,
      groups,
    },
  };
}

/** The values of a label as they are found: texts are numbered in the order in which they come first. */
class Column {
  private readonly numbers = new Map<string, number>();
  private most = -1;
  private whole = true;

  number(value: number | string): number {
    let found = value;
    if (typeof found === "string") {
      const known = this.numbers.get(found);
      if (known === undefined) this.numbers.set(found, this.numbers.size);
      found = known ?? this.numbers.size - 1;
    }
    this.whole &&= Number.isInteger(found) && found >= 0;
    this.most = Math.max(this.most, found);
    return found;
  }

  get count(): number | undefined {
    return this.whole ? this.most + 1 : undefined;
  }

  get texts(): string[] | undefined {
    return this.numbers.size > 0 ? [...this.numbers.keys()] : undefined;
  }
}

/** 0 training, 1 validation, 2 test: by a hash of the name, so that more images move none. */
function partOf(key: string, { val, test }: Stream["splits"]): Part {
  const place = createHash("sha256").update(key).digest().readUInt32LE(0) / 2 ** 32;
  if (place < test) return 2;
  return place < test + val ? 1 : 0;
}

/** Where the examples of a part are in the index, group by group. */
interface Places {
  readonly size: number;
  /** The first place of each shard in the part, and its size. */
  readonly shards: readonly number[];
  rowOf(example: number): number;
}

function placesOf(groups: readonly Group[], part: Part): Places {
  const firsts = new Int32Array(groups.length + 1);
  const rows = new Int32Array(groups.length);
  const shards: number[] = [];
  let row = 0;
  let lastShard = -1;
  for (const [i, [shard, ...counts]] of groups.entries()) {
    if (shard !== lastShard && counts[part] > 0) {
      shards.push(firsts[i]!);
      lastShard = shard;
    }
    rows[i] = row + counts.slice(0, part).reduce((a, b) => a + b, 0);
    firsts[i + 1] = firsts[i]! + counts[part];
    row += counts[0] + counts[1] + counts[2];
  }
  const size = firsts.at(-1)!;
  return {
    size,
    shards: [...shards, size],
    rowOf(example) {
      let [low, high] = [0, groups.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (firsts[middle]! <= example) low = middle;
        else high = middle;
      }
      return rows[low]! + example - firsts[low]!;
    },
  };
}

function splitOf(
  { shards, transform, labelNames, shuffle_buffer }: Stream,
  index: Packed,
  { size, shards: starts, rowOf }: Places,
  recordBytes: number,
): Split {
  const width = labelNames.length;
  const bytes = transform.size ** 2 * transform.channels;
  return {
    size,
    shuffled: (rng: Rng, taken: number) => shuffledNearby(starts, taken, shuffle_buffer, rng),
    async read(indices): Promise<Examples> {
      const records = await index.read(Int32Array.from(indices, rowOf));
      const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
      const images = new Uint8Array(indices.length * bytes);
      const labels = new Float32Array(indices.length * width);
      const readOne = async (n: number) => {
        const at = n * recordBytes;
        const shard = shards[view.getUint32(at + 12, true)]!;
        const offset = view.getFloat64(at, true);
        for (let c = 0; c < width; c++) labels[n * width + c] = view.getFloat32(at + ROW + 4 * c, true);
        try {
          const image = await shard.image(offset, view.getUint32(at + 8, true));
          images.set(await decodeImage(image, transform), n * bytes);
        } catch (error) {
          throw unreadable(shard.file, offset, error as Error);
        }
      };
      await Promise.all(Array.from(indices, (_, n) => readOne(n)));
      return { images, ...(width > 0 && { labels }) };
    },
  };
}

function unreadable(file: string, offset: number, cause: Error): DataError {
  return new DataError(
    `${file}: the image at byte ${offset} can't be read: ${cause.message.split("\n", 1)[0]}. Was the file changed? Start again, with data_params.check: true.`,
    { cause },
  );
}

/** @throws ConfigError where the shares leave none for training */
export function checkSplits({ val, test }: Stream["splits"]): void {
  if (val + test < 1) return;
  throw new ConfigError(
    `data_params.splits: expected val and test to leave some for training, got ${val} and ${test}.`,
  );
}
