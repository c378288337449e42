import { type Tensor, type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import type { PictureSetup } from "./define.ts";
import { defineComparison } from "./mean_over_pictures.ts";

const WINDOW = 11;
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;
/** Exponents of the five scales, finest first (Wang et al. 2003, table of section 3.2). */
const SCALE_WEIGHTS: readonly number[] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/**
 * The structural similarity index, [B], at most 1 and 1 for equal images; `x`, `y`: [B, H, W, C] in [0, 1], sides of
 * 11 or more. An 11x11 Gaussian window of sigma 1.5 that lies within the image, K1 = 0.01, K2 = 0.03, population
 * covariances; the mean over windows and channels (Wang et al., "Image quality assessment: from error visibility to
 * structural similarity", 2004, eq. 13).
 */
export function ssim(x: Tensor4D, y: Tensor4D): Tensor1D {
  return tf.tidy(() => {
    const { luminance, contrast } = comparisons(x, y);
    return tf.mean<Tensor1D>(tf.mul(luminance, contrast), [1, 2, 3]);
  });
}

/** How many of the five scales images of these sides have room for. */
function scalesOf(height: number, width: number): number {
  let scales = 0;
  for (let side = Math.min(height, width); side >= WINDOW && scales < 5; side = Math.floor(side / 2))
    scales++;
  return scales;
}

/**
 * The multi-scale structural similarity index, [B], from 0 to 1; `x`, `y`: [B, H, W, C] in [0, 1]. Of each channel, the
 * contrast and structure of each scale and the luminance of the coarsest, each the mean over windows and not below 0,
 * raised to the scale's exponent and multiplied; then the mean over channels. Scales are made by 2x2 means (Wang et
 * al., "Multi-scale structural similarity for image quality assessment", 2003, eq. 7). Five scales want sides of 176;
 * smaller images have the first `scalesOf` of them, the exponents scaled to a sum of 1, and compare with images of
 * the same size alone.
 */
export function multiScaleSsim(x: Tensor4D, y: Tensor4D): Tensor1D {
  const weights = SCALE_WEIGHTS.slice(0, scalesOf(x.shape[1], x.shape[2]));
  const sum = weights.reduce((a, b) => a + b);
  return tf.tidy(() => {
    let [a, b] = [x, y];
    const factors = weights.map((weight, scale) => {
      const last = scale === weights.length - 1;
      const { luminance, contrast } = comparisons(a, b);
      const similarity = tf.mean(last ? tf.mul(luminance, contrast) : contrast, [1, 2]); // [B, C]
      if (!last) [a, b] = [halve(a), halve(b)];
      return tf.pow(tf.relu(similarity), weight / sum);
    });
    return tf.mean<Tensor1D>(
      factors.reduce((p, f) => tf.mul(p, f)),
      1,
    );
  });
}

/** Luminance, and contrast times structure, of each window: [B, H - 10, W - 10, C]. */
function comparisons(x: Tensor4D, y: Tensor4D): { luminance: Tensor4D; contrast: Tensor4D } {
  const [mx, my] = [blur(x), blur(y)];
  const [xx, yy, xy] = [tf.square(mx), tf.square(my), tf.mul(mx, my)];
  const [vx, vy] = [tf.sub(blur(tf.square(x)), xx), tf.sub(blur(tf.square(y)), yy)];
  const cov = tf.sub(blur(tf.mul(x, y)), xy);
  const ratio = (covariance: Tensor, variances: Tensor, c: number) =>
    tf.div<Tensor4D>(tf.add(tf.mul(2, covariance), c), tf.add(variances, c));
  return { luminance: ratio(xy, tf.add(xx, yy), C1), contrast: ratio(cov, tf.add(vx, vy), C2) };
}

/** The Gaussian mean of each window that lies within the image, by rows and by columns. */
function blur(x: Tensor4D): Tensor4D {
  const [b, h, w, c] = x.shape;
  const planes = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [b * c, h, w, 1]) as Tensor4D;
  const tall = tf.conv2d(planes, tf.tensor4d(GAUSSIAN, [WINDOW, 1, 1, 1]), 1, "valid");
  const both = tf.conv2d(tall, tf.tensor4d(GAUSSIAN, [1, WINDOW, 1, 1]), 1, "valid");
  const [side, across] = [h - WINDOW + 1, w - WINDOW + 1];
  return tf.transpose(tf.reshape(both, [b, c, side, across]), [0, 2, 3, 1]) as Tensor4D;
}

const GAUSSIAN = (() => {
  const at = Array.from({ length: WINDOW }, (_, i) => i - (WINDOW - 1) / 2);
  const values = at.map((d) => Math.exp(-(d * d) / (2 * SIGMA * SIGMA)));
  const sum = values.reduce((a, b) => a + b);
  return values.map((v) => v / sum);
})();

/** The mean of each 2x2 pixels; a last odd row or column is left out. */
function halve(x: Tensor4D): Tensor4D {
  const [b, h, w, c] = x.shape;
  const [rows, columns] = [Math.floor(h / 2), Math.floor(w / 2)];
  const even = tf.slice(x, [0, 0, 0, 0], [b, 2 * rows, 2 * columns, c]);
  const byColumns = tf.mean(tf.reshape(even, [b * 2 * rows, columns, 2, c]), 2);
  return tf.mean(tf.reshape(byColumns, [b, rows, 2, columns, c]), 2) as Tensor4D;
}

const tooSmall = ({ imageShape: [height, width] }: PictureSetup) =>
  Math.min(height, width) < WINDOW
    ? `needs images of ${WINDOW}x${WINDOW} or more, these are ${height}x${width}`
    : undefined;

export const ssimMetric = defineComparison({
  name: "ssim",
  says: { unit: "at most 1", better: "higher", computed: "structural similarity of reconstructions" },
  missing: tooSmall,
  load: () => ({ of: ssim }),
});

export const multiScaleSsimMetric = defineComparison({
  name: "ms_ssim",
  says: {
    unit: "at most 1",
    better: "higher",
    computed: "multi-scale structural similarity of reconstructions",
  },
  missing: tooSmall,
  load: () => ({ of: multiScaleSsim }),
});
