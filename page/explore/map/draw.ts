import { toPixels, type View } from "./view.ts";

export interface Drawn {
  readonly points: Float32Array;
  readonly view: View;
  readonly sprite: ImageBitmap | undefined;
  readonly tile: { readonly columns: number; readonly side: number };
  /** Side of a picture on the map in pixels; 0: dots. */
  readonly size: number;
  /** Colour of each point, where they are coloured. */
  readonly colours: readonly string[] | undefined;
  readonly chosen: ReadonlySet<number>;
  readonly current: number | undefined;
  /** Under the pointer, in pixels; `closed`: around what is inside. */
  readonly line: readonly (readonly [number, number])[];
  readonly closed: boolean;
}

/** Draws the map. */
export function draw(canvas: HTMLCanvasElement, drawn: Drawn): void {
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== width * ratio) canvas.width = width * ratio;
  if (canvas.height !== height * ratio) canvas.height = height * ratio;
  const context = canvas.getContext("2d")!;
  const style = getComputedStyle(canvas);
  const accent = style.getPropertyValue("--accent");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const { points, view, sprite, tile, size, colours, chosen, current, line, closed } = drawn;
  for (let n = 0; 2 * n < points.length; n++) {
    const [x, y] = toPixels(view, points[2 * n]!, points[2 * n + 1]!, width, height);
    if (x < -size || y < -size || x > width + size || y > height + size) continue;
    const colour = colours?.[n] ?? accent;
    if (size > 0 && sprite !== undefined) {
      const rowHeight = tile.side;
      const [sx, sy] = [(n % tile.columns) * tile.side, Math.floor(n / tile.columns) * rowHeight];
      context.drawImage(sprite, sx, sy, tile.side, rowHeight, x - size / 2, y - size / 2, size, size);
      if (colours !== undefined || chosen.has(n) || n === current)
        outline(context, chosen.has(n) || n === current ? accent : colour, n === current ? 3 : 2, x, y, size);
    } else {
      context.fillStyle = colour;
      context.globalAlpha = chosen.size === 0 || chosen.has(n) ? 0.85 : 0.25;
      context.beginPath();
      context.arc(x, y, n === current ? 6 : 3.2, 0, 7);
      context.fill();
      context.globalAlpha = 1;
    }
  }
  if (line.length > 1) {
    context.strokeStyle = accent;
    context.setLineDash([4, 4]);
    context.beginPath();
    for (const [x, y] of line) context.lineTo(x, y);
    if (closed) context.closePath();
    context.stroke();
    context.setLineDash([]);
  }
}

function outline(
  context: CanvasRenderingContext2D,
  colour: string,
  by: number,
  x: number,
  y: number,
  size: number,
) {
  context.strokeStyle = colour;
  context.lineWidth = by;
  context.strokeRect(x - size / 2, y - size / 2, size, size);
  context.lineWidth = 1;
}
