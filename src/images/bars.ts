import sharp from "sharp";
import { significant } from "../text/numbers.ts";
import { drawText, LINE_HEIGHT, textWidth } from "./font.ts";

/** Pixels. */
const WIDTH = 1024;
const HEIGHT = 320;
const PADDING = 8;
const TICK = 4;
/** Enlargement of the text. */
const FONT = 2;
const LINE = FONT * LINE_HEIGHT;
/** Grey levels. */
const [INK, BAR, RULE] = [0, 0x40, 0xd8];

/**
 * A PNG of `values`, at least 0, as bars from left to right, with `title` above, lines at round values with the value
 * beside, and below as many of the bars' `names` as fit, the first and the last among them.
 */
export async function barsPng(
  values: readonly number[],
  { title, names }: { readonly title: string; readonly names: readonly string[] },
): Promise<Buffer> {
  const bar = Math.max(1, Math.min(64, Math.floor(WIDTH / Math.max(1, values.length))));
  const highest = Math.max(0, ...values);
  const lines = roundValues(highest);
  const top = Math.max(highest, lines.at(-1)!.value) || 1;
  const left = PADDING + Math.max(...lines.map(({ text }) => FONT * textWidth(text))) + PADDING;
  const widest = Math.max(0, ...names.map((name) => FONT * textWidth(name)));
  const chart = Math.max(values.length * bar, FONT * textWidth(title), widest);
  const width = left + chart + Math.ceil(widest / 2) + PADDING;
  const from = PADDING + LINE + LINE;
  const zero = from + HEIGHT;
  const height = zero + TICK + PADDING + LINE + PADDING;
  const pixels = new Uint8Array(width * height).fill(255);
  const fill = (x0: number, x1: number, y0: number, y1: number, level: number) => {
    for (let y = y0; y < y1; y++) pixels.fill(level, y * width + x0, y * width + x1);
  };
  const write = (text: string, x0: number, y0: number) =>
    drawText(text, (x, y) => fill(x0 + x, x0 + x + 1, y0 + y, y0 + y + 1, INK), FONT);
  const yOf = (value: number) => zero - Math.round((value / top) * HEIGHT);
  for (const { value, text } of lines) {
    fill(left, left + chart, yOf(value), yOf(value) + 1, RULE);
    write(text, left - PADDING - FONT * textWidth(text), yOf(value) - (LINE >> 1) + FONT);
  }
  const gap = bar > 3 ? 1 : 0;
  values.forEach((value, i) => {
    fill(left + i * bar, left + (i + 1) * bar - gap, yOf(value), zero, BAR);
  });
  fill(left, left + chart, zero, zero + 1, INK);
  write(title, left, PADDING);
  for (const i of spaced(values.length, Math.ceil((widest + 2 * PADDING) / bar))) {
    const middle = left + i * bar + (bar >> 1);
    const text = names[i]!;
    fill(middle, middle + 1, zero, zero + TICK, INK);
    write(text, Math.max(0, middle - ((FONT * textWidth(text)) >> 1)), zero + TICK + PADDING);
  }
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** 0 and up to five multiples of 1, 2 or 5 times a power of ten, not above `highest`. */
function roundValues(highest: number): { readonly value: number; readonly text: string }[] {
  if (!(highest > 0)) return [{ value: 0, text: "0" }];
  const decade = 10 ** Math.floor(Math.log10(highest / 5));
  const step = decade * ([1, 2, 5, 10].find((s) => highest / (s * decade) <= 5.0001) ?? 10);
  const count = Math.floor(highest / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => ({
    value: i * step,
    text: significant(i * step, 6),
  }));
}

/** Places of 0 … `count` - 1 that lie at least `apart` from each other, evenly, the first and the last among them. */
function spaced(count: number, apart: number): number[] {
  if (count <= 1) return count === 1 ? [0] : [];
  const intervals = Math.max(1, Math.floor((count - 1) / Math.max(1, apart)));
  if (count - 1 < apart) return [0];
  return Array.from({ length: intervals + 1 }, (_, i) => Math.round((i * (count - 1)) / intervals));
}
