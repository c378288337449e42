/** Pixels from a point that still mean it. */
export const REACH = 28;

/** What of the plane a map shows: `scale` pixels a unit, and the point in the middle. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** All points, with a margin. `points`: packed [N, 2]. */
export function viewOfAll(points: Float32Array, width: number, height: number, margin = 24): View {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]!);
    right = Math.max(right, points[i]!);
    bottom = Math.min(bottom, points[i + 1]!);
    top = Math.max(top, points[i + 1]!);
  }
  const scale = Math.min(
    (width - 2 * margin) / Math.max(1e-6, right - left),
    (height - 2 * margin) / Math.max(1e-6, top - bottom),
  );
  return { scale, x: (left + right) / 2, y: (bottom + top) / 2 };
}

/** Where on the map, in pixels, a point of the plane is. */
export const toPixels = ({ scale, x, y }: View, px: number, py: number, width: number, height: number) =>
  [width / 2 + (px - x) * scale, height / 2 - (py - y) * scale] as const;

/** Zooms by a factor around a place of the map. */
export function zoomed(
  view: View,
  by: number,
  at: readonly [number, number],
  width: number,
  height: number,
): View {
  const [dx, dy] = [(at[0] - width / 2) / view.scale, (height / 2 - at[1]) / view.scale];
  return { scale: view.scale * by, x: view.x + dx * (1 - 1 / by), y: view.y + dy * (1 - 1 / by) };
}

export const moved = (view: View, dx: number, dy: number): View => ({
  ...view,
  x: view.x - dx / view.scale,
  y: view.y + dy / view.scale,
});

/** The point nearest to a place of the map, no farther than `reach` pixels. */
export function nearest(
  points: Float32Array,
  view: View,
  [x, y]: readonly [number, number],
  width: number,
  height: number,
  reach: number,
): number | undefined {
  let [best, distance] = [undefined as number | undefined, reach ** 2];
  for (let n = 0; 2 * n < points.length; n++) {
    const [px, py] = toPixels(view, points[2 * n]!, points[2 * n + 1]!, width, height);
    const d = (px - x) ** 2 + (py - y) ** 2;
    if (d < distance) [best, distance] = [n, d];
  }
  return best;
}

/** The points inside of a line around them, in pixels. */
export function inside(
  points: Float32Array,
  view: View,
  line: readonly (readonly [number, number])[],
  width: number,
  height: number,
): number[] {
  const found: number[] = [];
  for (let n = 0; 2 * n < points.length; n++) {
    const [x, y] = toPixels(view, points[2 * n]!, points[2 * n + 1]!, width, height);
    let odd = false;
    for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
      const [[xi, yi], [xj, yj]] = [line[i]!, line[j]!];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
    }
    if (odd) found.push(n);
  }
  return found;
}

/** The points that a line goes by, in its order: the nearest to each of its places, no farther than REACH pixels. */
export function along(
  points: Float32Array,
  view: View,
  line: readonly (readonly [number, number])[],
  width: number,
  height: number,
): number[] {
  const found: number[] = [];
  for (const place of line) {
    const point = nearest(points, view, place, width, height, REACH);
    if (point !== undefined && !found.includes(point)) found.push(point);
  }
  return found;
}
