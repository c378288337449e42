import sharp from "sharp";
import { drawText, LINE_HEIGHT, textWidth } from "./font.ts";

/** Enlargement of the text. */
const FONT = 2;
/** Pixels from a line of text to the next. */
export const LINE = FONT * LINE_HEIGHT;
/** Pixels that a line of text takes. */
export const widthOf = (text: string): number => FONT * textWidth(text);

export interface LineStyle {
  readonly color: string;
  readonly width?: number;
  /** Name of the clip that it is drawn in. */
  readonly clip?: string;
}

/** A line through points, broken where one is undefined. */
export function polyline(
  points: readonly (readonly [number, number] | undefined)[],
  { color, width = 2, clip }: LineStyle,
): string {
  let pen = "M";
  const d = points.map((point) => {
    if (point === undefined) {
      pen = "M";
      return "";
    }
    const part = `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    pen = "L";
    return part;
  });
  const within = clip === undefined ? "" : ` clip-path="url(#${clip})"`;
  return `<path d="${d.join("")}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round"${within}/>`;
}

export const dot = ([x, y]: readonly [number, number], radius: number, { color, clip }: LineStyle): string =>
  `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" fill="${color}"${clip === undefined ? "" : ` clip-path="url(#${clip})"`}/>`;

/**
 * A line of text from x on, to it or around it, its middle at the height y: as squares of the project's own font, so that
 * no font of the system is asked for. `halo`: on white, where it may lie on lines.
 */
export function textAt(
  written: string,
  x: number,
  y: number,
  { anchor = "start", halo = false }: { anchor?: "start" | "middle" | "end"; halo?: boolean } = {},
): string {
  const text = written.replaceAll("[", "(").replaceAll("]", ")").replaceAll('"', "");
  const width = widthOf(text);
  const left = Math.round(anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2);
  const top = Math.round(y - (FONT * (LINE_HEIGHT - 2)) / 2);
  let d = "";
  drawText(
    text,
    (column, row) => {
      d += `M${left + column} ${top + row}h1v1h-1z`;
    },
    FONT,
  );
  const behind = halo
    ? `<rect x="${left - 3}" y="${top - 3}" width="${width + 6}" height="${LINE + 2}" fill="#fff" fill-opacity="0.8"/>`
    : "";
  return `${behind}<path d="${d}" shape-rendering="crispEdges"/>`;
}

/** What `clip` of a line names: a rectangle. */
export const clipBox = (name: string, x: number, y: number, width: number, height: number): string =>
  `<clipPath id="${name}"><rect x="${x}" y="${y}" width="${width}" height="${height}"/></clipPath>`;

/** A PNG of shapes on white. */
export function shapesPng(width: number, height: number, shapes: readonly string[]): Promise<Buffer> {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${Math.ceil(height)}">` +
    `<rect width="100%" height="100%" fill="#fff"/>${shapes.join("")}</svg>`;
  return sharp(Buffer.from(svg)).png({ compressionLevel: 9, palette: true }).toBuffer();
}
