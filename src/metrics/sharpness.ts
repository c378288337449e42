import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { type Metric, type PictureMetric, samplesName } from "./define.ts";
import { Mean } from "./mean_over_pictures.ts";

const LAPLACE = [0, 1, 0, 1, -4, 1, 0, 1, 0];

/**
 * [B], at least 0: the variance over positions of each grey picture's Laplacian, the 3x3 filter of four neighbours
 * where it lies within the picture (Tolstikhin et al., "Wasserstein auto-encoders", arXiv 1711.01558, section 4).
 * `x`: [B, H, W, C] in [0, 1], sides of 3 or more; grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) of three
 * channels, the mean of any other number. Noise raises it as edges do: good pictures have that of the images, not more.
 */
export function sharpness(x: Tensor4D): Tensor1D {
  return tf.tidy(() => {
    const channels = x.shape[3];
    const share = channels === 3 ? [0.299, 0.587, 0.114] : Array<number>(channels).fill(1 / channels);
    const grey = tf.sum<Tensor4D>(tf.mul(x, share), 3, true);
    const edges = tf.conv2d(grey, tf.tensor4d(LAPLACE, [3, 3, 1, 1]), 1, "valid");
    return tf.moments(edges, [1, 2, 3]).variance as Tensor1D;
  });
}

export const sharpnessMetric: PictureMetric = {
  kind: "pictures",
  name: "sharpness",
  numbers: {
    sharpness_images: { unit: "", better: "neither", computed: "variance of the images' Laplacian" },
    sharpness_reconstructions: likeTheImages("reconstructions"),
    sharpness_samples: likeTheImages("samples"),
    sharpness_samples_SAMPLER: likeTheImages("samples"),
  },
  open() {
    const [ofImages, ofRecons] = [new Mean(), new Mean()];
    const ofSamples = new Map<string, Mean>();
    return {
      pairs(images, recons) {
        ofImages.add(sharpness(images));
        ofRecons.add(sharpness(recons));
      },
      samples(pictures, sampler) {
        const name = `sharpness_${samplesName(sampler)}`;
        const mean = ofSamples.get(name) ?? new Mean();
        ofSamples.set(name, mean);
        mean.add(sharpness(pictures));
      },
      numbers: () => ({
        sharpness_images: ofImages.value,
        sharpness_reconstructions: ofRecons.value,
        ...Object.fromEntries([...ofSamples].map(([name, { value }]) => [name, value])),
      }),
    };
  },
};

function likeTheImages(whose: string): Metric {
  const computed = `variance of the ${whose}' Laplacian`;
  return { unit: "", better: "images", target: "sharpness_images", computed };
}
