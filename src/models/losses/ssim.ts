import { atLeast } from "../../nn/at_least.ts";
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../../tf.ts";

/** Side of the window of the papers, in pixels. */
export const WINDOW = 11;
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;
/** Exponents of the five scales, finest first (Wang et al. 2003, table of section 3.2). */
const SCALE_WEIGHTS: readonly number[] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/** A similarity below it counts as it: to a power below 1, 0 has no slope. */
const LEAST = 1e-6;

/**
 * The structural similarity index, [B], at most 1 and 1 for equal images; `x`, `y`: [B, H, W, C] in [0, 1], sides of
 * 11 or more. An 11x11 Gaussian window of sigma 1.5 that lies within the image, K1 = 0.01, K2 = 0.03, population
 * covariances; the mean over windows and channels (Wang et al., "Image quality assessment: from error visibility to
 * structural similarity", 2004, eq. 13).
 */
export function ssim(x: Tensor4D, y: Tensor4D): Tensor1D {
  const { luminance, contrast } = comparisons(planesOf(x), planesOf(y), WINDOW);
  return tf.mean<Tensor1D>(tf.mul(luminance, contrast), [1, 2, 3]);
}

/** How many of the five scales images of these sides have room for. */
export function scalesOf(height: number, width: number, window = WINDOW): number {
  let scales = 0;
  for (let side = Math.min(height, width); side >= window && scales < 5; side = Math.floor(side / 2))
    scales++;
  return scales;
}

/**
 * The multi-scale structural similarity index, [B], from 0 to 1; `x`, `y`: [B, H, W, C] in [0, 1]. Of each channel, the
 * contrast and structure of each scale and the luminance of the coarsest, each the mean over windows and not below 1e-6,
 * raised to the scale's exponent and multiplied; then the mean over channels. Scales are made by 2x2 means (Wang et
 * al., "Multi-scale structural similarity for image quality assessment", 2003, eq. 7). Five scales want sides of 176;
 * smaller images have the first `scalesOf` of them, the exponents scaled to a sum of 1, and compare with images of
 * the same size alone. `window`: the side of its Gaussian window, of sigma 1.5 whatever it is.
 */
export function multiScaleSsim(x: Tensor4D, y: Tensor4D, window = WINDOW): Tensor1D {
  const weights = SCALE_WEIGHTS.slice(0, scalesOf(x.shape[1], x.shape[2], window));
  const sum = weights.reduce((a, b) => a + b);
  let [a, b] = [planesOf(x), planesOf(y)];
  const logs = weights.map((weight, scale) => {
    const last = scale === weights.length - 1;
    const { luminance, contrast } = comparisons(a, b, window);
    const similarity = tf.mean(last ? tf.mul(luminance, contrast) : contrast, [2, 3]); // [B, C]
    if (!last) [a, b] = [halve(a), halve(b)];
    return tf.mul(weight / sum, tf.log(atLeast(similarity, LEAST)));
  });
  const products = tf.exp(logs.reduce((p, q) => tf.add(p, q)));
  return tf.mean<Tensor1D>(products, 1);
}

/** [B, H, W, C] as planes, [B, C, H, W]. */
const planesOf = (x: Tensor4D): Tensor4D => tf.transpose(x, [0, 3, 1, 2]);

/** Luminance, and contrast times structure, of each window of planes: [B, C, W - 10, H - 10]. */
function comparisons(x: Tensor4D, y: Tensor4D, window: number): { luminance: Tensor4D; contrast: Tensor4D } {
  const blur = (t: Tensor4D) => alongSides(t, (side) => gaussianMeans(side, window));
  const [mx, my] = [blur(x), blur(y)];
  const [xx, yy, xy] = [tf.square(mx), tf.square(my), tf.mul(mx, my)];
  const [vx, vy] = [tf.sub(blur(tf.square(x)), xx), tf.sub(blur(tf.square(y)), yy)];
  const cov = tf.sub(blur(tf.mul(x, y)), xy);
  const ratio = (covariance: Tensor, variances: Tensor, c: number) =>
    tf.div<Tensor4D>(tf.add(tf.mul(2, covariance), c), tf.add(variances, c));
  return { luminance: ratio(xy, tf.add(xx, yy), C1), contrast: ratio(cov, tf.add(vx, vy), C2) };
}

/** The mean of each 2x2 pixels; a last odd row or column is left out. */
const halve = (x: Tensor4D): Tensor4D => alongSides(x, pairMeans);

/**
 * Planes [B, C, h, w] with both sides multiplied by the matrix that `of` makes for their length, [B, C, w', h']: as products
 * alone, for speed, and turned, which all of this treats alike.
 */
function alongSides(x: Tensor4D, of: (side: number) => Tensor2D): Tensor4D {
  const [b, c, h, w] = x.shape;
  const [tall, wide] = [of(h), of(w)];
  const rows = tf.matMul(tf.reshape(x, [b * c * h, w]) as Tensor2D, wide);
  const turned = tf.transpose(tf.reshape(rows, [b * c, h, wide.shape[1]]), [0, 2, 1]);
  const columns = tf.matMul(tf.reshape(turned, [b * c * wide.shape[1], h]) as Tensor2D, tall);
  return tf.reshape(columns, [b, c, wide.shape[1], tall.shape[1]]) as Tensor4D;
}

/** [side, side - window + 1]: the Gaussian mean of each window that lies within. */
function gaussianMeans(side: number, window: number): Tensor2D {
  const at = Array.from({ length: window }, (_, i) => i - (window - 1) / 2);
  const values = at.map((d) => Math.exp(-(d * d) / (2 * SIGMA * SIGMA)));
  const sum = values.reduce((a, b) => a + b);
  const places = side - window + 1;
  return matrix(side, places, (from, to) => (values[from - to] ?? 0) / sum);
}

/** [side, floor(side / 2)]: the mean of each two. */
function pairMeans(side: number): Tensor2D {
  return matrix(side, Math.floor(side / 2), (from, to) => (Math.floor(from / 2) === to ? 0.5 : 0));
}

function matrix(rows: number, columns: number, value: (row: number, column: number) => number): Tensor2D {
  const values = Float32Array.from({ length: rows * columns }, (_, i) =>
    value(Math.floor(i / columns), i % columns),
  );
  return tf.tensor2d(values, [rows, columns]);
}
