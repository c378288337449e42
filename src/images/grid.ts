import sharp from "sharp";
import { drawText, LINE_HEIGHT, textWidth } from "./font.ts";

export interface GridOptions {
  readonly columns: number;
  /** Lowest and highest value of an image, shown as black and white; [0, 255] for bytes. Others are clipped. */
  readonly range: readonly [number, number];
  /** White pixels between and around the images. */
  readonly padding?: number;
  /** Text left of each row, of one line or more. */
  readonly rowLabels?: readonly string[];
  /** A line of text above each column. */
  readonly columnLabels?: readonly string[];
}

/** [N, H, W, C]. */
export type ImagesShape = readonly [count: number, height: number, width: number, channels: number];

/**
 * A PNG of images in rows, left to right. `images`: packed [N, H, W, C]. Values keep their colours: the range
 * is the same for all images, never stretched to what they hold. One channel is shown as grey, three as sRGB;
 * of two the first, of more than three the first three. What is not a number is black.
 */
export async function gridPng(
  images: Float32Array | Uint8Array,
  [count, height, width, channels]: ImagesShape,
  { columns, range, padding = 2, rowLabels = [], columnLabels = [] }: GridOptions,
): Promise<Buffer> {
  const shown = channels < 3 ? 1 : 3;
  const perRow = Math.max(1, Math.min(columns, count));
  const rows = Math.max(1, Math.ceil(count / perRow));
  const labelWidth = Math.max(0, ...rowLabels.map(textWidth));
  const from = {
    x: labelWidth > 0 ? labelWidth + 2 * padding : padding,
    y: columnLabels.length > 0 ? LINE_HEIGHT + padding : padding,
  };
  const gridWidth = from.x + perRow * (width + padding);
  const gridHeight = from.y + rows * (height + padding);
  const pixels = new Uint8Array(gridWidth * gridHeight * shown).fill(255);
  const scale = 255 / (range[1] - range[0]);
  for (let n = 0; n < count; n++) {
    const left = from.x + (n % perRow) * (width + padding);
    const top = from.y + Math.floor(n / perRow) * (height + padding);
    for (let y = 0; y < height; y++) {
      let to = ((top + y) * gridWidth + left) * shown;
      let at = (n * height + y) * width * channels;
      for (let x = 0; x < width; x++, at += channels) {
        for (let c = 0; c < shown; c++) {
          const value = (images[at + c]! - range[0]) * scale;
          pixels[to++] = value > 0 ? Math.min(255, Math.round(value)) : 0; // NaN > 0 is false
        }
      }
    }
  }
  const write = (text: string, left: number, top: number, right: number) =>
    drawText(text, (x, y) => {
      if (left + x >= right || top + y >= gridHeight) return;
      const to = ((top + y) * gridWidth + left + x) * shown;
      pixels.fill(0, to, to + shown);
    });
  rowLabels.slice(0, rows).forEach((label, row) => {
    const space = height - label.split("\n").length * LINE_HEIGHT;
    write(label, padding, from.y + row * (height + padding) + Math.max(0, space >> 1), from.x);
  });
  columnLabels.slice(0, perRow).forEach((label, column) => {
    const left = from.x + column * (width + padding);
    write(label, left + Math.max(0, (width - textWidth(label)) >> 1), padding, left + width);
  });
  return sharp(pixels, { raw: { width: gridWidth, height: gridHeight, channels: shown } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
