/** Pixels that an image is enlarged to at most, where it is smaller, and a whole sheet in width and height. */
const READABLE = 128;
const SHEET = 2048;

/**
 * How many pixels in each direction one of an image is shown as: the most by which an image of `height` pixels stays
 * within 128, and a sheet of `columns` by `rows` images, `width` each, within 2,048 in both directions; 1 at least.
 * Whole numbers, so that what is shown is the image and nothing between its pixels.
 */
export function readableScale(
  { height, width }: { readonly height: number; readonly width: number },
  { columns, rows }: { readonly columns: number; readonly rows: number },
): number {
  const most = Math.min(READABLE / height, SHEET / (columns * width), SHEET / (rows * height));
  return Math.max(1, Math.floor(most));
}
