import type { NetworkWeights } from "./weights.ts";

/** Mean of ImageNet's RGB values in [0, 1]; what torchvision's weights expect subtracted. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
/** Standard deviation of ImageNet's RGB values in [0, 1]. */
export const IMAGENET_STD = [0.229, 0.224, 0.225] as const;

/**
 * Mean of ImageNet's RGB values in [0, 255], which the weights of Caffe's VGGs expect subtracted from values of that
 * range. They also expect the channels in the order BGR: see `forRgb`.
 */
const CAFFE_MEAN = [123.68, 116.779, 103.939] as const;

/** What is subtracted from [0, 1] images, and what the result is divided by, RGB each. */
export const MEAN_AND_STD = {
  imagenet: [IMAGENET_MEAN, IMAGENET_STD],
  caffe: [CAFFE_MEAN.map((v) => v / 255), [1 / 255, 1 / 255, 1 / 255]],
} as const;

/**
 * Caffe's weights of a network whose first layer is a convolution of BGR, `0.weight` [O, 3, k, k], as weights of one
 * of RGB: the same features without reversing images.
 */
export function forRgb(weights: NetworkWeights, kernel: number): NetworkWeights {
  const name = "0.weight";
  const bgr = weights.get(name)!;
  const area = kernel ** 2;
  const rgb = bgr.map((_, at) => {
    const channel = Math.floor(at / area) % 3;
    return bgr[at + (2 - 2 * channel) * area]!;
  });
  return new Map([...weights, [name, rgb]]);
}
