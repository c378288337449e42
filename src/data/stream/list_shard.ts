import { createReadStream } from "node:fs";
import { dirname, resolve } from "node:path";
import type { FilePool } from "./file_pool.ts";
import { numberOrText, type Sample, type Shard } from "./samples.ts";

/** Lines of a list that are a shard: their files may lie anywhere, so that all that matters is to have some. */
const LINES = 1000;
/** A list of more bytes is cut without reading it, into pieces of so many. */
const LONG = 1 << 28;
const PIECE = 1 << 16;

/**
 * The images that a list names, a path a line (relative to the list), with labels behind it after tabs; empty lines don't
 * count. Of the paths, memory holds nothing: a line is read again where its image is.
 */
export async function listShards(
  stats: Pick<Shard, "file" | "bytes" | "mtimeMs">,
  pool: FilePool,
  labelNames: readonly string[],
  long = LONG,
): Promise<Shard[]> {
  const { file } = stats;
  const folder = dirname(file);
  const places = stats.bytes > long ? piecesOf(stats.bytes) : await thousandsOf(file, stats.bytes);
  return places.map(([start, end]) => ({
    ...stats,
    bytes: end - start,
    async image(offset, size) {
      const path = Buffer.from(await pool.read(file, offset, size)).toString("utf8");
      return resolve(folder, path);
    },
    async *samples(): AsyncGenerator<Sample, void, undefined> {
      for await (const { text, offset } of linesOf(file, start, end)) {
        const [path = "", ...labels] = text.split("\t");
        yield {
          key: path,
          image: { offset, size: Buffer.byteLength(path) },
          labels: async () => {
            if (labels.length < labelNames.length)
              return `expected ${labelNames.length} label${labelNames.length > 1 ? "s" : ""} behind it, got ${labels.length}`;
            return labels.slice(0, labelNames.length).map(numberOrText);
          },
        };
      }
    },
  }));
}

type Place = readonly [from: number, to: number];

async function thousandsOf(file: string, bytes: number): Promise<Place[]> {
  const places: Place[] = [];
  let count = 0;
  let from = 0;
  for await (const { offset, size } of linesOf(file, 0, bytes)) {
    if (++count % LINES !== 0) continue;
    places.push([from, offset + size]);
    from = offset + size;
  }
  if (from < bytes) places.push([from, bytes]);
  return places;
}

const piecesOf = (bytes: number): Place[] =>
  Array.from({ length: Math.ceil(bytes / PIECE) }, (_, i) => [i * PIECE, Math.min(bytes, (i + 1) * PIECE)]);

/** The lines that begin in a part of a file and are not empty, without what ends them. */
async function* linesOf(
  file: string,
  start: number,
  end: number,
): AsyncGenerator<{ text: string; offset: number; size: number }> {
  if (end <= start) return;
  let held = Buffer.alloc(0);
  let offset = Math.max(0, start - 1);
  let isWhole = start === 0; // else what comes up to a line's end is of a line that began before
  for await (const piece of createReadStream(file, { start: offset })) {
    held = Buffer.concat([held, piece as Buffer]);
    for (let feed = held.indexOf(10); feed >= 0; feed = held.indexOf(10)) {
      const text = held.toString("utf8", 0, feed).replace(/\r$/, "");
      if (isWhole && text !== "") yield { text, offset, size: feed + 1 };
      isWhole = true;
      offset += feed + 1;
      held = held.subarray(feed + 1);
      if (offset >= end) return;
    }
  }
  const text = held.toString("utf8");
  if (isWhole && text !== "") yield { text, offset, size: held.length };
}
