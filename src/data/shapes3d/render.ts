import { ShapeError } from "../../errors.ts";
import { FACTORS, hueColor } from "./factors.ts";
import { lightMap, PLANES } from "./scene.ts";

/**
 * Images of scenes, [n, size, size, 3], sRGB from 0 to 255. `factors`: [n, 6], the indices of `FACTORS`.
 *
 * @throws ShapeError where a factor is out of its range
 */
export function renderShapes3d(factors: ArrayLike<number>, size: number): Uint8Array {
  const width = FACTORS.length;
  const count = Math.floor(factors.length / width);
  const bytes = 3 * size * size;
  const images = new Uint8Array(count * bytes);
  for (let n = 0; n < count; n++) {
    const values = FACTORS.map(([name, length], i) => {
      const value = factors[n * width + i]!;
      if (Number.isInteger(value) && value >= 0 && value < length) return value;
      throw new ShapeError(
        `shapes3d scene ${n}: expected ${name} to be an integer from 0 to ${length - 1}, got ${value}`,
      );
    });
    const [floor, wall, object, scale, shape, orientation] = values as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const map = lightMap(scale, shape, orientation, size);
    colorize(map, floor, wall, object, images.subarray(n * bytes, (n + 1) * bytes));
  }
  return images;
}

/** Writes to `out`, [size, size, 3], the image of a light map in three hues. */
export function colorize(
  map: Float32Array,
  floorHue: number,
  wallHue: number,
  objectHue: number,
  out: Uint8Array,
): void {
  const plane = map.length / 4;
  const [floor, wall, object] = [hueColor(floorHue), hueColor(wallHue), hueColor(objectHue)];
  for (let c = 0; c < 3; c++) {
    const [f, w, o] = [floor[c]!, wall[c]!, object[c]!];
    for (let i = 0; i < plane; i++) {
      const light =
        f * map[PLANES.floor * plane + i]! +
        w * map[PLANES.wall * plane + i]! +
        o * map[PLANES.object * plane + i]! +
        map[PLANES.gloss * plane + i]!;
      out[3 * i + c] = SRGB[Math.min(SRGB.length - 1, Math.floor(light * (SRGB.length - 1) + 0.5))]!;
    }
  }
}

/** The sRGB byte of linear light 0 … 1 in 4,096 steps. */
const SRGB = Uint8Array.from({ length: 4096 }, (_, i) => {
  const light = i / 4095;
  return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
});
