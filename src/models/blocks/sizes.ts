import { ShapeError } from "../../errors.ts";

/** Smallest and largest side of an image, in pixels. */
const MIN_SIZE = 28;
const MAX_SIZE = 256;

/**
 * Sides of the feature maps from the image down through `count` layers of stride 2: [size, …, smallest],
 * each half of the one before, rounded up. With `exact` each must be even (up-sampling by 2 and 4x4 kernels
 * can't make odd sides).
 *
 * @throws ShapeError where the image is not square, out of range or doesn't fit the strides; it says what does.
 */
export function strideSizes(height: number, width: number, count: number, exact: boolean): number[] {
  const fits = (s: number) => (exact ? s % 2 ** count === 0 : s > 2 ** (count - 1));
  if (height !== width || height < MIN_SIZE || height > MAX_SIZE || !fits(height)) {
    const all = Array.from({ length: MAX_SIZE - MIN_SIZE + 1 }, (_, i) => MIN_SIZE + i).filter(fits);
    const why =
      height !== width
        ? ""
        : exact
          ? ` (multiples of ${2 ** count}, for ${count} layers of stride 2)`
          : ` (for ${count} layers of stride 2)`;
    throw new ShapeError(
      `data_params.patch_size: expected square images with a side of ${describe(all)}${why}, got ` +
        `${height}x${width}. Change patch_size, or the number of model_params.hidden_dims.`,
    );
  }
  const sizes = [height];
  for (let i = 0; i < count; i++) sizes.push(Math.ceil(sizes[i]! / 2));
  return sizes;
}

function describe(sizes: number[]): string {
  if (sizes.length === 0) return `${MIN_SIZE} to ${MAX_SIZE} pixels, of which none fits`;
  const step = sizes.length > 1 ? sizes[1]! - sizes[0]! : 1;
  if (step === 1 && sizes.length > 2) return `${sizes[0]} to ${sizes.at(-1)} pixels`;
  if (sizes.length <= 8) return `${sizes.join(", ")} pixels`;
  return `${sizes.slice(0, 4).join(", ")}, … ${sizes.at(-1)} pixels`;
}
