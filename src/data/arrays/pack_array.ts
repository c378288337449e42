import { DataError } from "../../errors.ts";
import { type NpyStream, type NpyType, rowsOf } from "../../formats/npy_reader.ts";
import type { PackWriter } from "../packed.ts";
import { type Pixels, resizeToSquare } from "../transforms.ts";

/** Bytes of images written at a time. */
const WRITE_BYTES = 4 << 20;

/** How the images of an array lie in it. */
export interface ArrayLayout {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Channels stand before height and width, as PyTorch has them. */
  readonly channelsFirst: boolean;
}

/** The layout of [N, H, W], [N, H, W, C] or [N, C, H, W] with one channel or three. @throws DataError for others */
export function layoutOf({ shape, name }: NpyStream): ArrayLayout {
  const [count = 0, a = 0, b = 0, c = 1] = shape;
  const is = (n: number): n is 1 | 3 => n === 1 || n === 3;
  if (count > 0 && a > 0 && b > 0) {
    if (shape.length === 3) return { count, height: a, width: b, channels: 1, channelsFirst: false };
    if (shape.length === 4 && is(c)) return { count, height: a, width: b, channels: c, channelsFirst: false };
    if (shape.length === 4 && c > 0 && is(a))
      return { count, height: b, width: c, channels: a, channelsFirst: true };
  }
  throw new DataError(
    `${name}: expected images [N, H, W], [N, H, W, C] or [N, C, H, W] with C 1 or 3, got an array [${shape.join(", ")}].`,
  );
}

/**
 * Packs the images of an array at the ascending places `rows` of it, in that order, as squares of `side`: their shorter
 * side resized, their middle taken. Values from `range[0]` to `range[1]` become 0 to 255.
 *
 * @throws DataError for a value outside of the range
 */
export async function packArray(
  { put }: PackWriter,
  array: NpyStream,
  rows: Int32Array,
  side: number,
  range: readonly [low: number, high: number],
): Promise<void> {
  const layout = layoutOf(array);
  const { width, height, channels } = layout;
  const toBytes = converter(array, range);
  const values = width * height * channels;
  const size = side * side * channels;
  const some = Math.max(1, Math.floor(WRITE_BYTES / (values * array.dtype.width)));
  let row = 0;
  let taken = 0;
  for await (const piece of rowsOf(array, some)) {
    const count = piece.length / (values * array.dtype.width);
    const wanted: number[] = [];
    for (; taken < rows.length && rows[taken]! < row + count; taken++) wanted.push(rows[taken]! - row);
    row += count;
    if (wanted.length === 0) continue;
    const images = new Uint8Array(wanted.length * size);
    wanted.forEach((i, n) => {
      const bytes = values * array.dtype.width;
      const found = toBytes(piece.subarray(i * bytes, (i + 1) * bytes), row - count + i);
      const data = layout.channelsFirst ? channelsLast(found, channels) : found;
      const image: Pixels = { data, width, height, channels };
      images.set(width === side && height === side ? data : resizeToSquare(image, side).data, n * size);
    });
    await put(taken - wanted.length, images);
  }
}

/** What makes bytes of an image's values. */
function converter(
  { dtype, name }: NpyStream,
  [low, high]: readonly [number, number],
): (bytes: Uint8Array, row: number) => Uint8Array {
  if (dtype.kind !== "number")
    throw new DataError(`${name}: expected images of numbers, got elements of type ${dtype.name}.`);
  const scale = 255 / (high - low);
  const inRange = (value: number, row: number): number => {
    if (value >= low && value <= high) return Math.round((value - low) * scale);
    throw new DataError(
      `${name}: expected values from ${low} to ${high}, got ${value} in image ${row}. Set data_params.range.`,
    );
  };
  if (dtype.width === 1 && dtype.name[1] !== "i") {
    if (low === 0 && high === 255) return (bytes) => bytes;
    return (bytes, row) => Uint8Array.from(bytes, (value) => inRange(value, row));
  }
  return (bytes, row) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { width, read } = dtype;
    return Uint8Array.from({ length: bytes.length / width }, (_, i) =>
      inRange((read as (view: DataView, at: number) => number)(view, i * width), row),
    );
  };
}

function channelsLast(planes: Uint8Array, channels: number): Uint8Array {
  const plane = planes.length / channels;
  const out = new Uint8Array(planes.length);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < plane; i++) out[i * channels + c] = planes[c * plane + i]!;
  return out;
}

/** Lowest and highest value of images of a type: what `range` is where nobody gives it. */
export function usualRange({ name, width }: NpyType): readonly [number, number] {
  if (name[1] === "b" || name[1] === "f") return [0, 1];
  return width === 2 ? [0, 65535] : [0, 255];
}
