/** Pictures as a canvas takes them: RGBA, one after the other. */
export interface Pixels {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly count: number;
  readonly width: number;
  readonly height: number;
}

type Shape = readonly [count: number, height: number, width: number, channels: number];

/** Of images, packed as `shape`, with values in a range; of fewer than three channels the first is grey. */
export function toPixels(
  images: ArrayLike<number>,
  [count, height, width, channels]: Shape,
  [low, high]: readonly [number, number],
): Pixels {
  const data = new Uint8ClampedArray(count * height * width * 4);
  for (let p = 0; p < count * height * width; p++) {
    for (let c = 0; c < 3; c++)
      data[4 * p + c] = (255 * (images[p * channels + (channels < 3 ? 0 : c)]! - low)) / (high - low);
    data[4 * p + 3] = 255;
  }
  return { data, count, width, height };
}

/** One of several. */
export function onePicture({ data, width, height }: Pixels, index: number): Pixels {
  const size = 4 * width * height;
  return { data: data.slice(index * size, (index + 1) * size), count: 1, width, height };
}

/** The images of pictures, packed [N, H, W, C], with values in a range. */
export function fromPixels(
  { data, count, width, height }: Pixels,
  channels: number,
  [low, high]: readonly [number, number],
): { images: Float32Array; shape: Shape } {
  const images = new Float32Array(count * width * height * channels);
  const value = (v: number) => low + ((high - low) * v) / 255;
  for (let p = 0; p < count * width * height; p++) {
    const [r, g, b] = [data[4 * p]!, data[4 * p + 1]!, data[4 * p + 2]!];
    // ITU-R BT.601's luma, as images of files are made grey
    if (channels < 3) images[p * channels] = value(0.299 * r + 0.587 * g + 0.114 * b);
    else images.set([value(r), value(g), value(b)], p * channels);
  }
  return { images, shape: [count, height, width, channels] };
}
