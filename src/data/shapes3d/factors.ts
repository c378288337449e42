/** The ground-truth factors and how many values each takes, in the order of the labels' columns. */
export const FACTORS = [
  ["floor_hue", 10],
  ["wall_hue", 10],
  ["object_hue", 10],
  ["scale", 8],
  ["shape", 4],
  ["orientation", 15],
] as const;

export const FACTOR_NAMES: readonly string[] = FACTORS.map(([name]) => name);

/** 480,000: the number of combinations. */
export const SCENES = FACTORS.reduce((product, [, values]) => product * values, 1);

/** In the order of the shape factor. */
export const SHAPES = ["cube", "cylinder", "sphere", "capsule"] as const;
export type ShapeName = (typeof SHAPES)[number];

/** The factors of scene 0 … 479,999, the last factor running fastest. Written to `out` at `at`. */
export function factorsOf(scene: number, out: { [index: number]: number }, at: number): void {
  let rest = scene;
  for (let i = FACTORS.length - 1; i >= 0; i--) {
    const values = FACTORS[i]![1];
    out[at + i] = rest % values;
    rest = Math.floor(rest / values);
  }
}

/** Size of the object relative to the middle one: 0.75 … 1.25 in 8 steps. */
export const scaleOf = (index: number): number => 0.75 + (0.5 * index) / 7;

/** Turn of the camera about the object in radians: -30 … 30 degrees in 15 steps. */
export const yawOf = (index: number): number => ((-30 + (60 * index) / 14) * Math.PI) / 180;

/** Linear-light red, green and blue of hue 0 … 9, evenly spaced around the colour circle. */
export function hueColor(index: number): readonly [number, number, number] {
  const at = (offset: number) => {
    const k = (offset + (index / 10) * 6) % 6;
    const value = VALUE - VALUE * SATURATION * Math.max(0, Math.min(k, 4 - k, 1));
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [at(5), at(3), at(1)];
}
const SATURATION = 0.92;
const VALUE = 1;
