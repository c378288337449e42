import { multiScaleSsim, ssim, WINDOW } from "../models/losses/ssim.ts";
import { tf } from "../tf.ts";
import type { PictureSetup } from "./define.ts";
import { defineComparison } from "./mean_over_pictures.ts";

const tooSmall = ({ imageShape: [height, width] }: PictureSetup) =>
  Math.min(height, width) < WINDOW
    ? `needs images of ${WINDOW}x${WINDOW} or more, these are ${height}x${width}`
    : undefined;

export const ssimMetric = defineComparison({
  name: "ssim",
  says: { unit: "at most 1", better: "higher", computed: "structural similarity of reconstructions" },
  missing: tooSmall,
  load: () => ({ of: (x, y) => tf.tidy(() => ssim(x, y)) }),
});

export const multiScaleSsimMetric = defineComparison({
  name: "ms_ssim",
  says: {
    unit: "at most 1",
    better: "higher",
    computed: "multi-scale structural similarity of reconstructions",
  },
  missing: tooSmall,
  load: () => ({ of: (x, y) => tf.tidy(() => multiScaleSsim(x, y)) }),
});
