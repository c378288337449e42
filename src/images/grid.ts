import sharp from "sharp";
import { drawText, LINE_HEIGHT, textWidth } from "./font.ts";
import { readableScale } from "./scale.ts";

export interface GridOptions {
  readonly columns: number;
  /** Lowest and highest value of an image, shown as black and white; [0, 255] for bytes. Others are clipped. */
  readonly range: readonly [number, number];
  /** Pixels in each direction that one of an image is shown as; default: `readableScale`. */
  readonly scale?: number | undefined;
  /** White pixels between and around the images. */
  readonly padding?: number;
  /** Text left of each row, of one line or more. */
  readonly rowLabels?: readonly string[];
  /** A line of text above each column. */
  readonly columnLabels?: readonly string[];
}

/** [N, H, W, C]. */
export type ImagesShape = readonly [count: number, height: number, width: number, channels: number];

/** Height of a cell from which on its text is twice as large. */
const LARGE = 64;

/**
 * A PNG of images in rows, left to right, enlarged by whole pixels. `images`: packed [N, H, W, C]. Values keep their
 * colours: the range is the same for all images, never stretched to what they hold. One channel is shown as grey, three
 * as sRGB; of two the first, of more than three the first three. What is not a number is black.
 */
export async function gridPng(
  images: Float32Array | Uint8Array,
  [count, height, width, channels]: ImagesShape,
  { columns, range, scale, padding = 2, rowLabels = [], columnLabels = [] }: GridOptions,
): Promise<Buffer> {
  const shown = channels < 3 ? 1 : 3;
  const perRow = Math.max(1, Math.min(columns, count));
  const rows = Math.max(1, Math.ceil(count / perRow));
  const factor = scale ?? readableScale({ height, width }, { columns: perRow, rows });
  const cell = { height: height * factor, width: width * factor };
  const font = cell.height >= LARGE ? 2 : 1;
  const line = font * LINE_HEIGHT;
  const widthOf = (text: string) => font * textWidth(text);
  const labelWidth = Math.max(0, ...rowLabels.map(widthOf));
  const from = {
    x: labelWidth > 0 ? labelWidth + 2 * font * padding : padding,
    y: columnLabels.length > 0 ? line + padding : padding,
  };
  const gridWidth = from.x + perRow * (cell.width + padding);
  const gridHeight = from.y + rows * (cell.height + padding);
  const pixels = new Uint8Array(gridWidth * gridHeight * shown).fill(255);
  const toByte = 255 / (range[1] - range[0]);
  for (let n = 0; n < count; n++) {
    const left = from.x + (n % perRow) * (cell.width + padding);
    const top = from.y + Math.floor(n / perRow) * (cell.height + padding);
    for (let y = 0; y < height; y++) {
      const start = ((top + y * factor) * gridWidth + left) * shown;
      let to = start;
      let at = (n * height + y) * width * channels;
      for (let x = 0; x < width; x++, at += channels) {
        const first = to;
        for (let c = 0; c < shown; c++) {
          const value = (images[at + c]! - range[0]) * toByte;
          pixels[to++] = value > 0 ? Math.min(255, Math.round(value)) : 0; // NaN > 0 is false
        }
        for (let k = 1; k < factor; k++, to += shown) pixels.copyWithin(to, first, first + shown);
      }
      for (let k = 1; k < factor; k++) pixels.copyWithin(start + k * gridWidth * shown, start, to);
    }
  }
  const write = (text: string, left: number, top: number, right: number) =>
    drawText(
      text,
      (x, y) => {
        if (left + x >= right || top + y >= gridHeight) return;
        const to = ((top + y) * gridWidth + left + x) * shown;
        pixels.fill(0, to, to + shown);
      },
      font,
    );
  rowLabels.slice(0, rows).forEach((label, row) => {
    const space = cell.height - label.split("\n").length * line;
    write(label, font * padding, from.y + row * (cell.height + padding) + Math.max(0, space >> 1), from.x);
  });
  columnLabels.slice(0, perRow).forEach((label, column) => {
    const left = from.x + column * (cell.width + padding);
    write(label, left + Math.max(0, (cell.width - widthOf(label)) >> 1), padding, left + cell.width);
  });
  return sharp(pixels, { raw: { width: gridWidth, height: gridHeight, channels: shown } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
