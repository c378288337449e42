/** An image as bytes, packed [height, width, channels], 0 to 255. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/**
 * The middle of an image, side x side, as torchvision's `CenterCrop`: zeros around it where it is smaller,
 * halves rounded to the even number.
 */
export function centerCrop(image: Pixels, side: number): Pixels {
  const { width, height } = image;
  if (width === side && height === side) return image;
  return crop(image, cropStart(width, side), cropStart(height, side), side);
}

/** The part of an image from column `left` and row `top` on, side x side, with zeros outside of the image. */
export function crop(image: Pixels, left: number, top: number, side: number): Pixels {
  const { width, height, channels } = image;
  const data = new Uint8Array(side * side * channels);
  const from = Math.max(0, left);
  const length = Math.max(0, Math.min(width, left + side) - from) * channels;
  for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
    const at = (y * width + from) * channels;
    data.set(image.data.subarray(at, at + length), ((y - top) * side + from - left) * channels);
  }
  return { data, width: side, height: side, channels };
}

/** First pixel of the crop; negative: how many zeros come before the image. */
function cropStart(length: number, side: number): number {
  if (length < side) return -Math.floor((side - length) / 2);
  const half = (length - side) / 2;
  const rounded = Math.round(half);
  return rounded - half === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/**
 * The middle square of an image that is scaled so that its shorter side is `side`, as torchvision's `Resize(side)` and
 * `CenterCrop(side)` of a PIL image. Only what is kept is computed: an image may be a million times as high as wide.
 */
export function resizeToSquare(image: Pixels, side: number): Pixels {
  const { width, height } = image;
  const [wide, high] =
    width <= height
      ? [side, Math.floor((side * height) / width)]
      : [Math.floor((side * width) / height), side];
  const middle = (of: number): Part => ({ of, from: cropStart(of, side), count: side });
  return resizePart(image, middle(wide), middle(high));
}

/**
 * The image at another size by a triangle filter as wide as the reduction (bilinear with antialiasing), rounded
 * to bytes after each of its two passes: bit for bit what PIL's `resize` with `BILINEAR` gives, see
 * test/parity/pil_resize.test.ts.
 */
export function resize(image: Pixels, width: number, height: number): Pixels {
  return resizePart(image, { of: width, from: 0, count: width }, { of: height, from: 0, count: height });
}

/** Of a row or column of `of` pixels those from `from` on. */
interface Part {
  readonly of: number;
  readonly from: number;
  readonly count: number;
}

function resizePart(image: Pixels, columns: Part, rows: Part): Pixels {
  const down = filterOf(image.height, rows);
  const top = down.first[0]!;
  const bottom = down.first.at(-1)! + down.count.at(-1)!;
  const stays = ({ of, count }: Part, length: number) => of === length && count === length;
  const wide = stays(columns, image.width)
    ? rowsOf(image, top, bottom)
    : filterRows(image, filterOf(image.width, columns), top, bottom);
  return stays(rows, image.height) ? wide : filterColumns(wide, down, top);
}

function rowsOf({ data, width, channels }: Pixels, top: number, bottom: number): Pixels {
  const row = width * channels;
  return { data: data.subarray(top * row, bottom * row), width, height: bottom - top, channels };
}

/** What each output pixel takes: `taps` weights a pixel, from input pixel `first` on; fixed point, 22 bits. */
interface Filter {
  readonly taps: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
}
const BITS = 22;

function triangle(from: number, part: Part): Filter {
  const scale = from / part.of;
  const reach = Math.max(1, scale);
  const taps = 2 * Math.ceil(reach) + 1;
  const first = new Int32Array(part.count);
  const count = new Int32Array(part.count);
  const weights = new Int32Array(part.count * taps);
  for (let i = 0; i < part.count; i++) {
    const center = (part.from + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - reach + 0.5));
    const high = Math.min(from, Math.trunc(center + reach + 0.5));
    const raw = Array.from({ length: high - low }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + low - center + 0.5) * (1 / reach))),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    raw.forEach((w, k) => {
      weights[i * taps + k] = Math.trunc(0.5 + (w / sum) * 2 ** BITS);
    });
    first[i] = low;
    count[i] = high - low;
  }
  return { taps, first, count, weights };
}

const filters = new Map<string, Filter>();
function filterOf(length: number, part: Part): Filter {
  const key = `${length} ${part.of} ${part.from} ${part.count}`;
  const known = filters.get(key) ?? triangle(length, part);
  if (filters.size > 256) filters.clear(); // a folder may hold images of any size
  filters.set(key, known);
  return known;
}

const clip = (sum: number): number => Math.min(255, sum >> BITS);

/** Rows `top` to `bottom` alone. */
function filterRows(image: Pixels, filter: Filter, top: number, bottom: number): Pixels {
  const { data, width, channels } = image;
  const { taps, first, count, weights } = filter;
  const to = first.length;
  const height = bottom - top;
  const out = new Uint8Array(to * height * channels);
  let at = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < to; x++) {
      const start = (y * width + first[x]!) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 1 << (BITS - 1);
        for (let k = 0, i = start + c; k < count[x]!; k++, i += channels) {
          sum += data[i]! * weights[x * taps + k]!;
        }
        out[at++] = clip(sum);
      }
    }
  }
  return { data: out, width: to, height, channels };
}

/** Of an image whose first row is number `top` of those that the filter counts. */
function filterColumns({ data, width, channels }: Pixels, filter: Filter, top: number): Pixels {
  const { taps, first, count, weights } = filter;
  const to = first.length;
  const row = width * channels;
  const out = new Uint8Array(to * row);
  for (let y = 0; y < to; y++) {
    for (let x = 0; x < row; x++) {
      let sum = 1 << (BITS - 1);
      for (let k = 0, i = (first[y]! - top) * row + x; k < count[y]!; k++, i += row) {
        sum += data[i]! * weights[y * taps + k]!;
      }
      out[y * row + x] = clip(sum);
    }
  }
  return { data: out, width, height: to, channels };
}

/** Grey of an RGB image, [height, width, 1], by PIL's weights (ITU-R 601-2). */
export function toGrey({ data, width, height }: Pixels): Pixels {
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = (data[3 * i]! * 19595 + data[3 * i + 1]! * 38470 + data[3 * i + 2]! * 7471 + 0x8000) >>> 16;
  }
  return { data: grey, width, height, channels: 1 };
}
