import type { Named, Tensor4D } from "../tf.ts";
import type { NetworkKeys } from "./keys.ts";
import type { Normalization } from "./sources/known.ts";

/** A layer of a network by torchvision's index in `features` ("14" or 14) or by name ("relu3_1"). */
export type LayerName = string | number;

/** A pretrained network that is never trained: batch norm folded, cut after the last layer asked for. */
export interface FrozenNetwork {
  readonly name: string;
  /** The layers asked for, under the names they were asked for, in the network's order. */
  readonly layers: readonly string[];
  /**
   * Feature maps by layer, [B, h, w, c] each, of `images` [B, H, W, C] in [0, 1] (C = 1 is repeated to 3).
   * Differentiable with respect to the images only.
   */
  features(images: Tensor4D): Named<Tensor4D>;
  /** The same as constants, without a gradient, for less memory: the target that others are compared with. */
  constants(images: Tensor4D): Named<Tensor4D>;
  dispose(): void;
}

/** `feature_network: NAME` or `{name, weights, normalize}` of a config; see `schema.ts`. */
export type FeatureNetworkSpec =
  | string
  | {
      readonly name: string;
      /** A file, a URL, a name on a hub, "torchvision", "caffe" or "random"; see `sources/source.ts`. */
      readonly weights?: string;
      /** What happens to [0, 1] images first; where not given, what published weights expect, else "imagenet". */
      readonly normalize?: Normalization;
    };

export interface LoadArgs {
  /** [H, W, C] of the images that will come, C = 1 or 3. */
  readonly imageShape: readonly [number, number, number];
  /** Folder that a relative weights file starts from. */
  readonly baseDir: string;
  /** What asks for the network, for messages: a model's keys where left out. */
  readonly keys?: NetworkKeys;
  /** Its features won't be asked for, so that it needs no weights. */
  readonly withoutLoss?: boolean;
  /** Called while weights are got: megabytes done, megabytes in all. */
  progress?(what: string, done: number, total: number): void;
}
