import { ConfigError } from "../../errors.ts";
import { type Tensor4D, tf } from "../../tf.ts";
import type { Given } from "../define.ts";
import type { ConvOptions } from "./options.ts";

/** The activation that `output` names. */
export function lastActivation({ output }: Pick<ConvOptions, "output">): (x: Tensor4D) => Tensor4D {
  return { sigmoid: tf.sigmoid, tanh: tf.tanh, linear: (x: Tensor4D) => x, pytorch_vae: tf.tanh }[output];
}

/** @throws ConfigError where the images have other channels, or a range that the last activation doesn't reach */
export function checkImages(
  o: Pick<ConvOptions, "in_channels" | "output">,
  { imageShape, imageRange }: Pick<Given, "imageShape" | "imageRange">,
) {
  if (imageShape !== undefined && o.in_channels !== undefined && o.in_channels !== imageShape[2]) {
    const [height, width, channels] = imageShape;
    throw new ConfigError(
      `model_params.in_channels: expected ${channels}, the channels of the images (${height}x${width}x${channels}), ` +
        `got ${o.in_channels}. Leave it out, or choose data of such images${o.in_channels === 1 ? " (a folder's by data_params.channels: 1)" : ""}.`,
    );
  }
  if ((o.output === "sigmoid" || o.output === "pytorch_vae") && imageRange[0] < 0) {
    throw new ConfigError(
      `model_params.output: expected tanh or linear for images in [-1, 1], got "${o.output}", which is for images ` +
        "in [0, 1]. Change it, or set data_params.image_range: unit.",
    );
  }
  if (o.output === "tanh" && imageRange[0] >= 0) {
    throw new ConfigError(
      `model_params.output: expected sigmoid or linear for images in [0, 1], got "tanh", which reaches below 0. ` +
        "Change it, or set data_params.image_range: signed.",
    );
  }
}
