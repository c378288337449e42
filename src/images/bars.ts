import sharp from "sharp";
import { drawText, LINE_HEIGHT, textWidth } from "./font.ts";

const HEIGHT = 120;
const PADDING = 4;
const INK = 0x40;

/**
 * A PNG of `values`, at least 0, as bars from left to right, with the highest value at the axis, `title` above and
 * `below` under the first bar and the last.
 */
export async function barsPng(
  values: readonly number[],
  { title, below }: { readonly title: string; readonly below: readonly [first: string, last: string] },
): Promise<Buffer> {
  const bar = Math.max(2, Math.min(16, Math.floor(512 / Math.max(1, values.length))));
  const highest = Math.max(0, ...values);
  const [top, zero] = [highest.toPrecision(3), "0"];
  const left = PADDING + textWidth(top) + PADDING;
  const chart = Math.max(values.length * bar, textWidth(title), textWidth(below.join("  ")));
  const width = left + chart + PADDING;
  const from = PADDING + LINE_HEIGHT + PADDING;
  const height = from + HEIGHT + PADDING + LINE_HEIGHT + PADDING;
  const pixels = new Uint8Array(width * height).fill(255);
  const write = (text: string, x0: number, y0: number) =>
    drawText(text, (x, y) => {
      pixels[(y0 + y) * width + x0 + x] = 0;
    });
  values.forEach((value, i) => {
    const tall = highest > 0 ? Math.round((value / highest) * HEIGHT) : 0;
    for (let y = from + HEIGHT - tall; y < from + HEIGHT; y++) {
      const start = y * width + left + i * bar;
      pixels.fill(INK, start, start + bar - 1);
    }
  });
  pixels.fill(0, (from + HEIGHT) * width + left, (from + HEIGHT) * width + left + values.length * bar);
  const under = from + HEIGHT + PADDING;
  const last = left + values.length * bar - textWidth(below[1]);
  write(title, left, PADDING);
  write(top, PADDING, from);
  write(zero, left - PADDING - textWidth(zero), from + HEIGHT - 7);
  write(below[0], left, under);
  write(below[1], Math.max(last, left + textWidth(below[0]) + 2 * PADDING), under);
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
