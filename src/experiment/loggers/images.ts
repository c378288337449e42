import sharp from "sharp";

export interface GridOptions {
  readonly columns: number;
  /** Lowest and highest value of an image, shown as black and white; [0, 255] for bytes. Others are clipped. */
  readonly range: readonly [number, number];
  /** White pixels between and around the images. */
  readonly padding?: number;
}

/**
 * A PNG of images in rows, left to right. `images`: packed [N, H, W, C]. Values keep their colours: the range
 * is the same for all images, never stretched to what they hold. One channel is shown as grey, three as sRGB;
 * of two the first, of more than three the first three. What is not a number is black.
 */
export async function gridPng(
  images: Float32Array | Uint8Array,
  shape: readonly [number, number, number, number],
  { columns, range, padding = 2 }: GridOptions,
): Promise<Buffer> {
  const [count, height, width, channels] = shape;
  const shown = channels < 3 ? 1 : 3;
  const perRow = Math.max(1, Math.min(columns, count));
  const rows = Math.max(1, Math.ceil(count / perRow));
  const gridWidth = perRow * (width + padding) + padding;
  const gridHeight = rows * (height + padding) + padding;
  const pixels = new Uint8Array(gridWidth * gridHeight * shown).fill(255);
  const scale = 255 / (range[1] - range[0]);
  for (let n = 0; n < count; n++) {
    const left = padding + (n % perRow) * (width + padding);
    const top = padding + Math.floor(n / perRow) * (height + padding);
    for (let y = 0; y < height; y++) {
      let to = ((top + y) * gridWidth + left) * shown;
      let from = (n * height + y) * width * channels;
      for (let x = 0; x < width; x++, from += channels) {
        for (let c = 0; c < shown; c++) {
          const value = (images[from + c]! - range[0]) * scale;
          pixels[to++] = value > 0 ? Math.min(255, Math.round(value)) : 0; // NaN > 0 is false
        }
      }
    }
  }
  return sharp(pixels, { raw: { width: gridWidth, height: gridHeight, channels: shown } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
